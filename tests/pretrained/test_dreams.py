"""Dreams of a trained agent."""

from pathlib import Path

import numpy as np
import pytest

import worldmodels
from tests.support.project import ROOT
from tests.support.small_agents import H, Z, small_agent
from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.envs.registry import make_task
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pretrained.adapters import make_adapter
from worldmodels.pretrained.agent import PretrainedAgent
from worldmodels.vision.autoencoder import Autoencoder


@pytest.fixture
def agent():
    return worldmodels.load(ROOT / "carracing" / "released")


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 96, 96, 3), np.uint8)


def reference(agent, start_states, steps):
    """z and rewards of C's dream."""
    env = DreamEnv(agent.parts.memory.members, start_states, len(start_states.z), steps, 1.0)
    observations, _ = env.reset()
    z, rewards = [observations[:, :32]], []
    for _ in range(steps):
        actions = agent.parts.controllers.repeated(len(observations)).act(observations)
        observations, reward, *_ = env.step(actions)
        z.append(observations[:, :32])
        rewards.append(reward)
    return np.array(z), np.array(rewards)


def test_a_dream_is_that_of_the_dream_environment(agent):
    batch = pictures(2)
    dream = agent.dream(batch, steps=5, seed=3)
    z, rewards = reference(agent, StartStates(agent.vision.encode(batch), None, 3), 5)
    np.testing.assert_array_equal(dream.z, z[: len(dream.z)])
    np.testing.assert_array_equal(dream.rewards, rewards[: len(dream.rewards)])
    np.testing.assert_array_equal(dream.pictures[-1], agent.vision.decode(dream.z[-1]))


def test_the_same_seed_is_the_same_dream_and_temperature_is_felt(agent):
    (picture,) = pictures(1)
    actions = np.zeros((4, 2))
    dream = agent.dream(picture, actions=actions, seed=1)
    np.testing.assert_array_equal(agent.dream(picture, actions=actions, seed=1).z, dream.z)
    assert not np.array_equal(agent.dream(picture, actions=actions, seed=2).z, dream.z)
    cold = [agent.dream(picture, actions=actions, seed=s, temperature=1e-9).z[1] for s in (1, 2)]
    np.testing.assert_allclose(cold[0], cold[1], atol=1e-3)


def test_given_actions_and_another_controller_are_obeyed(agent):
    (picture,) = pictures(1)
    actions = np.tile([0.5, -0.25], (3, 1)).astype(np.float32)
    dream = agent.dream(picture, actions=actions)
    np.testing.assert_array_equal(dream.actions, actions[: len(dream.actions)])

    def still(z, h):
        assert (z.shape, h.shape) == ((1, 32), (1, agent.memory.hidden_size))
        return np.tile([0.5, -0.25], (len(z), 1))

    same = agent.dream(picture, controller=still, steps=3)
    np.testing.assert_array_equal(same.z, dream.z)


def test_a_dream_goes_on_from_the_agents_last_frame(agent):
    batch = pictures(12)
    for picture in batch:
        agent.act(picture)
    member = agent.parts.memory.members[0]
    h = c = np.zeros((1, agent.memory.hidden_size), np.float32)
    agent.reset()
    for number, picture in enumerate(batch):
        agent.act(picture)
        if number in (0, 4):  # decisions before the last
            h, c = member.step(agent.z[None], agent.action[None], h, c)
    dream = agent.dream(steps=1)
    np.testing.assert_array_equal(dream.z[0], agent.z)
    np.testing.assert_array_equal(dream.actions[0], agent.action)
    seen = []
    agent.dream(controller=lambda z, h: seen.append(h) or np.zeros((1, 2)), steps=1)
    np.testing.assert_array_equal(seen[0], h)


def test_each_row_goes_on_from_its_own_episode(agent):
    batch = pictures(16)
    for number, picture in enumerate(batch):
        agent.act(np.stack([picture, picture]))
        if number == 6:
            agent.reset(where=[False, True])
    seen = []
    agent.dream(controller=lambda z, h: seen.append(h) or np.zeros((2, 2)), steps=1)
    agent.reset()
    for picture in batch[7:]:
        agent.act(picture)
    agent.dream(controller=lambda z, h: seen.append(h) or np.zeros((1, 2)), steps=1)
    np.testing.assert_allclose(seen[0][1], seen[1][0], atol=1e-5)
    assert np.abs(seen[0][0] - seen[1][0]).max() > 1e-3


def test_a_dream_without_rewards_has_none_and_never_ends(quick):
    rng = np.random.default_rng(0)
    task = make_task(quick.env)
    vision = Autoencoder.initial(int(np.prod(task.observation_shape)), 6, Z, rng)
    memory = Ensemble([DeterministicLSTM.initial(Z, 2, H, rng)])
    controllers = Controllers.from_genomes(rng.normal(size=(1, 2 * (Z + H + 1))), (Z + H, 2))
    parts = AgentParts(vision, memory, controllers)
    agent = PretrainedAgent(Path("here"), None, quick.env, make_adapter(quick.env), parts)
    dream = agent.dream(np.zeros(agent._adapter.frame_shape, np.uint8), steps=7)
    assert len(dream.z) == 8
    assert np.isnan(dream.rewards).all()
    assert not dream.done.any()


def test_a_c_that_takes_c_is_given_it_in_its_dreams_and_other_controllers_are_not(quick):
    parts = small_agent(make_task(quick.env), "zch")
    agent = PretrainedAgent(Path("here"), None, quick.env, make_adapter(quick.env), parts)
    picture = np.zeros(agent._adapter.frame_shape, np.uint8)
    dream = agent.dream(picture, steps=4, temperature=1e-9)
    z, h, c = dream.z[:1], *np.zeros((2, 1, H), np.float32)
    for step, action in enumerate(dream.actions):
        z = dream.z[step : step + 1]
        np.testing.assert_allclose(agent.controller(z, h, c)[0], action, atol=1e-5)
        h, c = parts.memory.step(z, action[None], h, c)
    assert np.ptp(dream.actions, axis=0).max() > 1e-3
    with pytest.raises(ValueError, match=r"takes M's c, too: controller\(z, h, c\)"):
        agent.controller(z, h)
    with pytest.raises(ValueError, match=r"c should have 5 numbers a row; found \(1, 4\)"):
        agent.controller(z, h, c[:, 1:])
    still = agent.dream(picture, controller=lambda z, h: np.zeros((1, 2)), steps=2)
    assert not still.actions.any()


def test_actions_are_clipped_as_in_the_environment(agent):
    (picture,) = pictures(1)
    dreams = [agent.dream(picture, actions=[[steer, 0]] * 3) for steer in (1, 5)]
    np.testing.assert_array_equal(dreams[0].rewards, dreams[1].rewards)
    np.testing.assert_array_equal(dreams[0].actions, dreams[1].actions)


def test_no_dream_goes_on_from_an_episode_that_has_been_reset(agent):
    batch = pictures(2)
    agent.act(batch)
    agent.reset(where=[True, False])
    with pytest.raises(ValueError, match="before the first act"):
        agent.dream(steps=1)
    agent.act(batch)
    agent.dream(steps=1)


def test_a_dream_ends_where_m_says_so(agent):
    ends = [agent.dream(picture, steps=50, seed=1) for picture in pictures(6)]
    for dream in ends:
        assert len(dream.rewards) == 50 or dream.done.tolist()[-1]
        assert not dream.done[:-1].any()
    assert any(len(dream.rewards) < 50 for dream in ends)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"actions": np.zeros((4, 3))}, r"should be \(steps, 2\); found \(4, 3\)"),
        ({"actions": np.zeros((0, 2))}, r"found \(0, 2\)"),
        ({"actions": [[np.nan, 0]]}, r"actions of a dream should be finite numbers; found NaN"),
        ({"actions": np.zeros((4, 2)), "steps": 4}, "not both"),
        ({"actions": np.zeros((4, 2)), "controller": lambda z, h: z}, "not both"),
        (
            {"controller": lambda z, h: [0, 0]},
            r"returns batches, here actions \(1, 2\); found \(2,",
        ),
        ({"controller": lambda z, h: [[np.inf, 0]]}, "should be finite numbers"),
        ({"steps": 0}, "steps should be a whole number from 1 on; found 0"),
        ({"steps": 2.5}, "steps should be a whole number"),
        ({"seed": -1}, "seed should be a whole number from 0 on; found -1"),
        ({"temperature": 0}, "temperature should be from 1e-9 to 1e9; found 0"),
        ({"temperature": np.nan}, "temperature should be"),
        ({"temperature": np.inf}, "temperature should be"),
        ({"temperature": "1"}, "temperature should be"),
    ],
)
def test_wrong_arguments_are_refused(agent, options, words):
    with pytest.raises(ValueError, match=words):
        agent.dream(pictures(1)[0], **options)
