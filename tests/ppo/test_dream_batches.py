"""Dreams that PPO learns from: where they start, and what is kept of them."""

import msgspec
import numpy as np
import pytest

from tests.support.numbered_latents import numbered_latents
from tests.support.ppo_settings import SETTINGS
from tests.support.toy_memory import ToyMember
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import Context, StartStates
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.pipeline.errors import ParamsError
from worldmodels.ppo import dreams
from worldmodels.ppo.dreams import DreamCollector, RecordedStates, recorded_states
from worldmodels.ppo.networks import MLP, Standardization

replace = msgspec.structs.replace
LENGTHS = np.array([6, 9, 4, 7, 5])
ROUNDS, HELD_OUT = np.array([1, 2, 2, 2, 2]), np.array([0, 0, 1, 0, 0], np.bool_)


def rng(seed=0):
    return np.random.default_rng(seed)


def memory(members=2):
    return Ensemble(
        [
            MDNLSTM.initial(2, 2, 3, rng(seed), num_mixtures=2, predict_reward_done=True)
            for seed in range(members)
        ]
    )


@pytest.fixture
def latents():
    return numbered_latents(LENGTHS, round=ROUNDS, held_out=HELD_OUT)


def test_dreams_start_before_each_step_with_what_m_knows_by_then(latents, monkeypatch):
    monkeypatch.setattr("worldmodels.memory.sequences.CHUNK_STEPS", 16)  # several chunks
    ensemble = memory()
    starts = recorded_states(ensemble, latents, 1, rng())
    found = {tuple(z): row for row, z in enumerate(starts.z)}
    assert set(found) == {(e, t) for e in (1, 3, 4) for t in range(LENGTHS[e])}
    for number, member in enumerate(ensemble.members):
        for episode in (1, 3, 4):
            h = c = np.zeros((1, 3), np.float32)
            for t in range(LENGTHS[episode]):
                place = np.array([[episode, t]], np.float32)  # of the frame, and of the action
                row = found[episode, t]
                for ours, theirs in zip(starts.states[number], (h, c), strict=True):
                    np.testing.assert_allclose(ours[row], theirs[0], atol=1e-6)
                h, c = member.step(place, place, h, c)
    assert set(recorded_states(ensemble, latents, 2, rng()).z[:, 0]) == {0, 1, 3, 4}


def test_of_many_steps_some_are_taken(latents, monkeypatch):
    monkeypatch.setattr(dreams, "MAX_STATES", 10)
    first, second = (recorded_states(memory(), latents, 1, rng(seed)) for seed in (0, 1))
    assert len(first.z) == len(first.states[1][0]) == 10
    assert not np.array_equal(first.z, second.z)


def test_c_sees_what_the_params_say(latents):
    starts = recorded_states(memory(), latents, 1, rng())
    h, c = starts.states[0]
    np.testing.assert_array_equal(starts.features("z"), starts.z)
    np.testing.assert_array_equal(starts.features("zh"), np.hstack([starts.z, h]))
    np.testing.assert_array_equal(starts.features("zch"), np.hstack([starts.z, c, h]))


def test_c_sees_the_h_of_another_m_where_there_is_one_and_the_dream_does_not(latents):
    ensemble, other = memory(), memory(3).members[2:]
    policy_memory = Ensemble([*other, *memory().members])  # whose first it is
    plain, starts = (
        recorded_states(ensemble, latents, 1, rng(), policy_memory=each)
        for each in (None, policy_memory)
    )
    expected = recorded_states(Ensemble(other), latents, 1, rng()).features("zh")
    np.testing.assert_array_equal(starts.features("zh"), expected)
    assert not np.allclose(expected, plain.features("zh"))
    scale, policy = Standardization(np.zeros(5), np.ones(5)), MLP.initial(5, 0, 2, rng())
    settings = replace(SETTINGS, episodes=7, horizon=3, inputs="zh")
    collect = DreamCollector(settings, ensemble, starts, scale, policy_memory)
    batch = collect(policy, rng(3))
    drawn = starts.sample(7, rng(3))
    h, c = drawn.states[2]
    h, _ = other[0].step(drawn.z, np.tanh(batch.actions[0]), h, c)
    np.testing.assert_allclose(batch.x[1, :, 2:], h, atol=1e-6)
    # M dreams of the same z, after the same actions.
    same = StartStates(drawn.z, seed=drawn.seed, states=drawn.states[:2])
    dream = DreamEnv(ensemble.members, same, 7, 3, settings.temperature)
    observations, *_ = dream.step(np.tanh(batch.actions[0]))
    np.testing.assert_allclose(batch.x[1, :, :2], observations[:, :2], atol=1e-6)


def test_episodes_that_are_too_short_are_reported():
    latents = numbered_latents(np.array([2, 3]), round=np.ones(2, int))
    with pytest.raises(ParamsError, match=r"^collect\.episodes: none of these episodes lasts"):
        recorded_states(memory(), latents, 1, rng())


def test_a_dream_goes_on_from_states_as_from_the_context_that_led_to_them():
    ensemble = memory()
    context = Context(rng().normal(size=(4, 3, 2)), rng(1).normal(size=(4, 3, 2)), np.full(4, 3))
    states = []
    for member in ensemble.members:
        h = c = np.zeros((4, 3), np.float32)
        for t in range(3):
            h, c = member.step(context.z[:, t], context.actions[:, t], h, c)
        states.append((h, c))
    z = rng(2).normal(size=(4, 2)).astype(np.float32)
    by_context, by_states = (
        DreamEnv(ensemble.members, starts, 4, 9, 1.0)
        for starts in (StartStates(z, context, 5), StartStates(z, seed=5, states=states))
    )
    np.testing.assert_allclose(by_context.reset()[0], by_states.reset()[0], atol=1e-6)
    for ours, theirs in zip(by_states.step(z), by_context.step(z), strict=True):
        if isinstance(ours, np.ndarray):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("sample_done", [False, True])
def test_a_batch_has_the_steps_of_dreams(sample_done):
    zeros = np.zeros((8, 2), np.float32)
    starts = RecordedStates(np.ones((8, 1), np.float32), [(zeros, zeros)])
    ensemble = Ensemble([ToyMember(action_size=2, p_done=0.4)])
    settings = replace(SETTINGS, episodes=50, horizon=7, sample_done=sample_done)
    scale, policy = Standardization(np.zeros(3), np.ones(3)), MLP.initial(3, 0, 2, rng())
    collect = DreamCollector(settings, ensemble, starts, scale)
    batch, again = collect(policy, rng(3)), collect(policy, rng(3))
    assert batch.x.shape == (8, 50, 3)
    assert batch.actions.shape == batch.means.shape == (7, 50, 2)
    np.testing.assert_allclose(batch.means, policy(batch.x[:-1]), atol=1e-6)
    assert (batch.actions - batch.means).std() == pytest.approx(0.5, abs=0.05)
    reward = batch.x[:-1, :, 0] * np.tanh(batch.actions[:, :, 1])
    if sample_done:
        assert set(np.unique(batch.continues)) == {0, 1}
        assert (batch.rewards[1:][batch.continues[:-1] == 0] == 0).all()
    else:
        np.testing.assert_allclose(batch.rewards, reward, atol=1e-6)
        np.testing.assert_allclose(batch.continues, np.where(reward < 0, 0.6, 1.0))
    for ours, theirs in zip(batch, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)
