import numpy as np
import pytest

from benchmarks.one_car import OneCar, OneDriver
from worldmodels.agent.agent import Agent
from worldmodels.controller.controller import Controllers
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.interfaces import mismatch
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.pipeline.storage.pixels import to_bytes
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import recorded_rollout, rollout
from worldmodels.vision.autoencoder import Autoencoder


@pytest.fixture
def vision():
    return Autoencoder.initial(256, 20, 5, np.random.default_rng(0))


@pytest.fixture
def memory():
    return DeterministicLSTM.initial(5, 2, 7, np.random.default_rng(1))


def controllers(count: int) -> Controllers:
    genomes = np.random.default_rng(2).normal(0, 0.2, (count, 26))
    genomes[:, -1] += 1  # throttle
    return Controllers.from_genomes(genomes, (12, 2))


def test_a_recording_holds_every_step_in_the_order_of_the_cars():
    env = RacingEnv(num_envs=9)
    outcome, recording = recorded_rollout(
        env, SmoothedNoisePolicy(np.random.default_rng(3)), "drive"
    )
    assert len(set(outcome.lengths)) > 3  # cars drop out at different times
    assert len(recording.actions) == len(recording.rewards) == outcome.lengths.sum()
    assert (
        len(recording.observations) == len(recording.info["state"]) == (outcome.lengths + 1).sum()
    )
    step = frame = 0
    for car, length in enumerate(outcome.lengths):  # drive each again, alone, by its actions
        single = RacingEnv()
        seen, info = single.reset()
        for action in recording.actions[step : step + length]:
            np.testing.assert_array_equal(recording.observations[frame], to_bytes(seen[0]))
            np.testing.assert_allclose(recording.info["state"][frame], info["state"][0], atol=1e-5)
            seen, *_, info = single.step(action[None])
            frame += 1
        frame += 1
        total = recording.rewards[step : step + length].sum()
        assert total == pytest.approx(outcome.returns[car])
        step += length


def test_recording_changes_nothing():
    plain = rollout(RacingEnv(num_envs=5), SmoothedNoisePolicy(np.random.default_rng(4)))
    policy = SmoothedNoisePolicy(np.random.default_rng(4))
    outcome, _ = recorded_rollout(RacingEnv(num_envs=5), policy, "drive")
    np.testing.assert_array_equal(plain.returns, outcome.returns)
    np.testing.assert_array_equal(plain.terminated, outcome.terminated)


def test_one_cars_noise_does_not_hang_on_when_another_ended():
    def actions(rows: list[int]) -> np.ndarray:
        policy = SmoothedNoisePolicy(np.random.default_rng(5))
        policy.reset(3)
        policy.act(np.zeros(3))
        policy.keep(np.array(rows))
        return policy.act(np.zeros(len(rows)))

    np.testing.assert_array_equal(actions([0, 1, 2])[[0, 2]], actions([0, 2]))


def test_a_batch_of_agents_drives_as_each_would_alone(vision, memory):
    worker = controllers(6)
    together = rollout(RacingEnv(num_envs=12), Agent(vision, memory, worker))
    for number in range(6):
        driver = OneDriver(vision.parameters, memory.parameters, worker.arrays(number))
        alone = rollout(OneCar(Track()), driver)
        for row in (2 * number, 2 * number + 1):  # two episodes each
            assert together.returns[row] == pytest.approx(alone.returns[0], abs=1e-3)
            assert together.lengths[row] == alone.lengths[0]


def test_cars_must_be_shared_out_evenly(vision, memory):
    with pytest.raises(ValueError, match="7 cars cannot be shared out among 3"):
        Agent(vision, memory, controllers(3)).reset(7)


def test_modules_that_do_not_fit_together_are_named(vision, memory):
    assert mismatch(vision, memory, 256, 2) is None
    other = DeterministicLSTM.initial(4, 2, 7, np.random.default_rng(1))
    assert "z of 4 numbers, but V's has 5" in (mismatch(vision, other, 256, 2) or "")
    assert "256 pixels, but the world's have 1024" in (mismatch(vision, memory, 1024, 2) or "")
    assert "2 actions, but the world takes 3" in (mismatch(vision, memory, 256, 3) or "")
    with pytest.raises(ValueError, match="made for 12 features, but z has 5, z and h together 13"):
        Agent(vision, DeterministicLSTM.initial(5, 2, 8, np.random.default_rng(1)), controllers(1))


def test_a_controller_of_z_alone_does_not_hang_on_memory(vision, memory):
    genomes = np.random.default_rng(2).normal(0, 0.2, (3, 5 * 2 + 2)) + np.eye(12)[-1]
    other = DeterministicLSTM.initial(5, 2, 7, np.random.default_rng(9))
    ours, theirs = (
        rollout(
            RacingEnv(num_envs=3),
            Agent(vision, m, Controllers.from_genomes(genomes, (5, 2))),
        )
        for m in (memory, other)
    )
    np.testing.assert_array_equal(ours.returns, theirs.returns)
    assert ours.lengths.max() > 5


class Throttles:
    """Three cars, straight on: one all the time, one never, one for four steps."""

    def reset(self, num_envs: int) -> None:
        self.cars, self.step = np.arange(num_envs), 0

    def keep(self, rows: np.ndarray) -> None:
        self.cars = self.cars[rows]

    def act(self, observations: np.ndarray) -> np.ndarray:
        self.step += 1
        throttle = np.array([1.0, 0.0, 1.0 if self.step <= 4 else -1.0])
        return np.stack([np.zeros(3), throttle], axis=1)[self.cars]


def test_who_gets_nowhere_is_cut_short_where_there_is_no_more_patience():
    whole, recording = recorded_rollout(RacingEnv(num_envs=3, max_steps=40), Throttles(), "drive")
    outcome, cut = recorded_rollout(
        RacingEnv(num_envs=3, max_steps=40), Throttles(), "drive", patience=5
    )
    assert whole.lengths[0] < 40
    assert whole.terminated.tolist() == outcome.terminated.tolist() == [True, False, False]
    assert outcome.lengths[:2].tolist() == [whole.lengths[0], 5]
    rewards = recording.rewards[-40:]  # of the third car
    last_high = 1 + np.flatnonzero(rewards)[-1]
    assert 4 <= last_high <= 20
    assert outcome.lengths[2] == last_high + 5
    np.testing.assert_array_equal(cut.rewards[-outcome.lengths[2] :], rewards[: last_high + 5])
