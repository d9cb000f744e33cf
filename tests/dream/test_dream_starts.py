"""Start states of imagined rollouts."""

import dataclasses

import numpy as np
import pytest

from tests.support.numbered_latents import numbered_latents
from worldmodels.dream.starts import FIRST_FRAME_EVERY, StartSampler, StartStates
from worldmodels.pipeline.storage.artifacts import Latents, Model

LENGTHS = np.array([3, 9, 1, 6, 5])
HELD_OUT = np.array([False, False, True, False, False])
ROUND = np.array([1, 1, 1, 1, 0])
PEAK = np.array([3, 7, 1, 4, 5])  # steps up to the peak of the return


@pytest.fixture
def latents() -> Latents:
    """Each z is (episode, frame), each action (episode, step). Rewards are 1 up to the peak of the
    return, then -1.
    """
    rewards = [
        1.0 if t < peak else -1.0 for n, peak in zip(LENGTHS, PEAK, strict=True) for t in range(n)
    ]
    return numbered_latents(LENGTHS, held_out=HELD_OUT, round=ROUND, rewards=np.array(rewards))


def sample(latents, count, *, held_out=False, **settings):
    """Start states from a seeded sampler."""
    sampler = StartSampler(latents, held_out=held_out, **settings)
    return sampler.sample(count, np.random.default_rng(0))


def frames_of(start_states):
    """The (episode, frame) of each start."""
    return set(map(tuple, start_states.z.astype(int).tolist()))


def test_without_burn_in_rollouts_start_at_first_frames(latents):
    start_states = sample(latents, 50)
    assert start_states.context is None
    assert frames_of(start_states) == {(0, 0), (1, 0), (3, 0), (4, 0)}


def test_with_burn_in_they_start_before_the_peak_of_episodes_of_the_last_round(latents):
    start_states = sample(latents, 300, burn_in=4)
    before_peak = {(e, t) for e in (0, 1, 3) for t in range(PEAK[e])}
    assert frames_of(start_states) == before_peak
    context = start_states.context
    for number, (episode, t) in enumerate(start_states.z.astype(int)):
        steps = context.steps[number]
        assert steps == min(t, 4)
        expected = [[episode, before] for before in range(t - steps, t)]
        for recorded in (context.z, context.actions):
            assert recorded[number, 4 - steps :].tolist() == expected


def test_they_may_start_in_several_of_the_last_rounds(latents):
    start_states = sample(latents, 300, burn_in=4, replay_rounds=2)
    episodes = set(start_states.z[:, 0].astype(int))
    assert episodes == set(np.flatnonzero(~HELD_OUT & (ROUND.max() - 1 <= ROUND)))


def test_some_of_them_start_at_first_frames(latents):
    start_states = sample(latents, 4 * FIRST_FRAME_EVERY, burn_in=4)
    assert not start_states.z[::FIRST_FRAME_EVERY, 1].any()
    assert not start_states.context.steps[::FIRST_FRAME_EVERY].any()


def test_held_out_episodes_have_start_states_of_their_own(latents):
    assert frames_of(sample(latents, 9, held_out=True, burn_in=4)) == {(2, 0)}


def test_a_share_of_them_starts_after_the_peak(latents):
    start_states = sample(latents, 300, burn_in=4, stalled_start_share=0.3)
    starts = start_states.z.astype(int)
    stalled = starts[:, 1] >= PEAK[starts[:, 0]]
    assert stalled.sum() == 90
    assert set(map(tuple, starts[stalled].tolist())) == {(1, 7), (1, 8), (3, 4), (3, 5)}
    assert not stalled[::FIRST_FRAME_EVERY].any()


def test_without_a_step_after_the_peak_none_of_them_does(latents):
    rising = dataclasses.replace(latents, rewards=np.ones_like(latents.rewards))
    without, with_share = (
        sample(rising, 30, burn_in=4, stalled_start_share=share) for share in (0.0, 0.3)
    )
    np.testing.assert_array_equal(with_share.z, without.z)


@pytest.mark.parametrize("burn_in", [0, 4])
def test_a_file_gives_back_the_same_start_states(latents, tmp_path, burn_in):
    start_states = sample(latents, 9, burn_in=burn_in)
    path = tmp_path / "starts.npz"
    Model(StartStates.KIND, start_states.arrays()).write(path)
    file = Model.read(path, "dream_starts")
    assert file.kind == StartStates.KIND == "start_states"
    restored = StartStates.from_arrays(file.arrays)
    np.testing.assert_array_equal(restored.z, start_states.z)
    if burn_in:
        for ours, theirs in zip(restored.context, start_states.context, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    else:
        assert restored.context.z.shape[:2] == (9, 0)
