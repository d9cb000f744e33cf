import numpy as np
import pytest

from benchmarks.reference import ReferenceAgent, ReferenceEnv
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


def test_trajectories_hold_every_step_in_the_order_of_the_rows():
    env = RacingEnv(num_envs=9)
    policy = SmoothedNoisePolicy(np.random.default_rng(3))
    stats, trajectories = recorded_rollout(env, policy, "rollout")
    assert len(set(stats.lengths)) > 3  # rows are dropped at different times
    assert len(trajectories.actions) == len(trajectories.rewards) == stats.lengths.sum()
    frames = (stats.lengths + 1).sum()
    assert len(trajectories.observations) == len(trajectories.info["state"]) == frames
    step = frame = 0
    for row, length in enumerate(stats.lengths):  # repeat each, alone, with the same actions
        single = RacingEnv()
        seen, info = single.reset()
        for action in trajectories.actions[step : step + length]:
            np.testing.assert_array_equal(trajectories.observations[frame], to_bytes(seen[0]))
            np.testing.assert_allclose(
                trajectories.info["state"][frame], info["state"][0], atol=1e-5
            )
            seen, *_, info = single.step(action[None])
            frame += 1
        frame += 1
        total = trajectories.rewards[step : step + length].sum()
        assert total == pytest.approx(stats.returns[row])
        step += length


def test_a_recorded_rollout_has_the_same_statistics():
    plain = rollout(RacingEnv(num_envs=5), SmoothedNoisePolicy(np.random.default_rng(4)))
    policy = SmoothedNoisePolicy(np.random.default_rng(4))
    stats, _ = recorded_rollout(RacingEnv(num_envs=5), policy, "rollout")
    np.testing.assert_array_equal(plain.returns, stats.returns)
    np.testing.assert_array_equal(plain.terminated, stats.terminated)


def test_the_noise_of_an_episode_does_not_depend_on_when_another_ended():
    def actions(rows: list[int]) -> np.ndarray:
        policy = SmoothedNoisePolicy(np.random.default_rng(5))
        policy.reset(3)
        policy.act(np.zeros(3))
        policy.keep(np.array(rows))
        return policy.act(np.zeros(len(rows)))

    np.testing.assert_array_equal(actions([0, 1, 2])[[0, 2]], actions([0, 2]))


def test_a_batch_of_controllers_acts_as_each_would_alone(vision, memory):
    batch = controllers(6)
    together = rollout(RacingEnv(num_envs=12), Agent(vision, memory, batch))
    for number in range(6):
        agent = ReferenceAgent(vision.parameters, memory.parameters, batch.arrays(number))
        alone = rollout(ReferenceEnv(Track()), agent)
        for row in (2 * number, 2 * number + 1):  # two episodes each
            assert together.returns[row] == pytest.approx(alone.returns[0], abs=1e-3)
            assert together.lengths[row] == alone.lengths[0]


def test_the_rows_must_be_a_multiple_of_the_controllers(vision, memory):
    with pytest.raises(ValueError, match="7 rows cannot be divided evenly among 3 controllers"):
        Agent(vision, memory, controllers(3)).reset(7)


def test_models_that_do_not_fit_together_are_named(vision, memory):
    assert mismatch(vision, memory, 256, 2) is None
    other = DeterministicLSTM.initial(4, 2, 7, np.random.default_rng(1))
    assert "z of 4 numbers, but V's has 5" in (mismatch(vision, other, 256, 2) or "")
    assert "256 pixels, but the environment's have 1024" in (
        mismatch(vision, memory, 1024, 2) or ""
    )
    assert "actions of 2 numbers, but the environment's have 3" in (
        mismatch(vision, memory, 256, 3) or ""
    )
    with pytest.raises(
        ValueError, match=r"made for 12 features, but z has 5, z and h .* 13, .* z, c and h 21"
    ):
        Agent(vision, DeterministicLSTM.initial(5, 2, 8, np.random.default_rng(1)), controllers(1))


def test_a_controller_of_z_alone_does_not_depend_on_memory(vision, memory):
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


def test_a_controller_of_z_c_and_h_acts_on_all_three(vision, memory):
    size = memory.hidden_size
    policies = Controllers.from_genomes(
        np.random.default_rng(3).normal(0, 0.2, (2, 2 * (5 + 2 * size + 1))), (5 + 2 * size, 2)
    )
    agent = Agent(vision, memory, policies)
    agent.reset(4)
    rows, rng = policies.rows(np.array([0, 0, 1, 1])), np.random.default_rng(4)
    h, c = np.zeros((2, 4, size), np.float32)
    for step in range(5):
        observations = rng.random((len(h), 256), dtype=np.float32)
        z = vision.encode(observations)
        expected = rows.act(np.concatenate([z, c, h], axis=1))
        np.testing.assert_array_equal(agent.act(observations), expected)
        h, c = memory.step(z, expected, h, c)
        if step == 2:
            kept = np.array([3, 1])
            agent.keep(kept)
            rows, h, c = rows.rows(kept), h[kept], c[kept]


class Throttles:
    """Actions of three cars: full throttle always, never, and for four steps."""

    def reset(self, num_envs: int) -> None:
        self.rows, self.step = np.arange(num_envs), 0

    def keep(self, rows: np.ndarray) -> None:
        self.rows = self.rows[rows]

    def act(self, observations: np.ndarray) -> np.ndarray:
        self.step += 1
        throttle = np.array([1.0, 0.0, 1.0 if self.step <= 4 else -1.0])
        return np.stack([np.zeros(3), throttle], axis=1)[self.rows]


def test_an_episode_without_a_new_high_of_its_return_is_cut_short_after_the_patience():
    env = RacingEnv(num_envs=3, max_steps=40)
    whole, trajectories = recorded_rollout(env, Throttles(), "rollout")
    stats, cut = recorded_rollout(env, Throttles(), "rollout", patience=5)
    assert whole.lengths[0] < 40
    assert whole.terminated.tolist() == stats.terminated.tolist() == [True, False, False]
    assert stats.lengths[:2].tolist() == [whole.lengths[0], 5]
    rewards = trajectories.rewards[-40:]  # of the third car
    last_high = 1 + np.flatnonzero(rewards)[-1]
    assert 4 <= last_high <= 20
    assert stats.lengths[2] == last_high + 5
    np.testing.assert_array_equal(cut.rewards[-stats.lengths[2] :], rewards[: last_high + 5])
