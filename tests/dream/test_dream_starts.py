"""Where dreams begin."""

import dataclasses

import numpy as np
import pytest

from worldmodels.dream.starts import FRESH, StartSampler
from worldmodels.pipeline.storage.artifacts import Latents

LENGTHS = np.array([3, 9, 1, 6, 5])
HELD_OUT = np.array([False, False, True, False, False])
ROUND = np.array([1, 1, 1, 1, 0])
ROSE = np.array([3, 7, 1, 4, 5])  # steps for which the return did


@pytest.fixture
def latents() -> Latents:
    """Each z is (episode, frame), each action (episode, step); the last two rewards of the longer
    episodes are losses.
    """
    frames = [(e, t) for e, length in enumerate(LENGTHS) for t in range(length + 1)]
    steps = [(e, t) for e, length in enumerate(LENGTHS) for t in range(length)]
    columns = {
        field: np.zeros(len(LENGTHS), field_type.dtype)
        for field, field_type in Latents.schema().items()
        if field_type.axes == "episodes"
    }
    return Latents(
        **{**columns, "lengths": LENGTHS, "held_out": HELD_OUT, "round": ROUND},
        mean=np.array(frames, np.float32),
        logvar=np.zeros((len(frames), 2), np.float32),
        actions=np.array(steps, np.float32),
        rewards=np.array([1.0 if t < ROSE[e] else -1.0 for e, t in steps]),
    )


def test_without_warm_up_dreams_begin_where_episodes_do(latents):
    night = StartSampler(latents, held_out=False).sample(50, np.random.default_rng(0))
    assert night.past is None
    assert set(map(tuple, night.starts.tolist())) == {(0, 0), (1, 0), (3, 0), (4, 0)}


def test_with_it_they_begin_anywhere_in_the_last_round_while_the_return_still_rose(latents):
    night = StartSampler(latents, held_out=False, burn_in=4).sample(300, np.random.default_rng(0))
    begun = {(e, t) for e in (0, 1, 3) for t in range(ROSE[e])}
    assert set(map(tuple, night.starts.astype(int).tolist())) == begun
    for number, (episode, t) in enumerate(night.starts.astype(int)):
        steps = night.past.steps[number]
        assert steps == min(t, 4)
        sequences = [[episode, before] for before in range(t - steps, t)]
        for recorded in (night.past.z, night.past.actions):
            assert recorded[number, 4 - steps :].tolist() == sequences


def test_or_anywhere_in_so_many_of_the_last_rounds(latents):
    nights = StartSampler(latents, held_out=False, burn_in=4, recent=2)
    begun = nights.draw(300, np.random.default_rng(0)).starts[:, 0].astype(int)
    assert set(begun) == set(np.flatnonzero(~HELD_OUT & (ROUND.max() - 1 <= ROUND)))


def test_some_of_them_begin_where_episodes_do(latents):
    night = StartSampler(latents, held_out=False, burn_in=4).sample(
        4 * FRESH, np.random.default_rng(0)
    )
    assert not night.starts[::FRESH, 1].any()
    assert not night.past.steps[::FRESH].any()


def test_held_out_episodes_have_nights_of_their_own(latents):
    night = StartSampler(latents, held_out=True, burn_in=4).sample(9, np.random.default_rng(0))
    assert set(map(tuple, night.starts.tolist())) == {(2, 0)}


def test_a_share_of_them_begins_where_all_was_lost(latents):
    night = StartSampler(latents, held_out=False, burn_in=4, lost=0.3).sample(
        300, np.random.default_rng(0)
    )
    begun = night.starts.astype(int)
    lost = begun[:, 1] >= ROSE[begun[:, 0]]
    assert lost.sum() == 90
    assert set(map(tuple, begun[lost].tolist())) == {(1, 7), (1, 8), (3, 4), (3, 5)}
    assert not lost[::FRESH].any()


def test_where_nothing_was_lost_none_does(latents):
    good = dataclasses.replace(latents, rewards=np.ones_like(latents.rewards))
    nights = (StartSampler(good, held_out=False, burn_in=4, lost=share) for share in (0.0, 0.3))
    without, with_lost = (night.draw(30, np.random.default_rng(0)) for night in nights)
    np.testing.assert_array_equal(with_lost.starts, without.starts)
