"""The trained agent in other people's loops."""

from pathlib import Path

import numpy as np
import pytest

import worldmodels
from tests.support.project import ROOT
from tests.support.small_agents import H, Z, small_agent
from worldmodels.agent.agent import Agent
from worldmodels.envs.carracing.area_resize import AreaResize
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.storage.pixels import to_bytes
from worldmodels.pretrained.adapters import make_adapter
from worldmodels.pretrained.agent import PretrainedAgent

CARS = 3


@pytest.fixture
def task(quick):
    return make_task(quick.env)


@pytest.fixture(params=["zh", "zch"])
def parts(task, request):
    return small_agent(task, request.param)


@pytest.fixture
def agent(quick, parts):
    return PretrainedAgent(Path("here"), None, quick.env, make_adapter(quick.env), parts)


@pytest.fixture(scope="module")
def released():
    return worldmodels.load(ROOT / "carracing" / "released")


def pictures(agent, count, seed=0):
    shape = (count, *agent._adapter.frame_shape)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_a_batch_drives_as_the_agent_of_the_stages(agent, parts, task):
    env = task.make_env(task.sample_tracks(1, np.random.default_rng(0)), CARS)
    observations, _ = env.reset()
    reference = Agent(*parts)
    reference.reset(CARS)
    for _ in range(20):
        actions = agent.act(to_bytes(observations))
        np.testing.assert_array_equal(actions, reference.act(observations))
        observations, *_ = env.step(actions)
    np.testing.assert_array_equal(agent.h, reference._state.h)


def test_one_observation_gives_one_action(agent):
    (picture,) = pictures(agent, 1)
    action = agent.act(picture)
    assert action.shape == (2,)
    assert (agent.z.shape, agent.h.shape) == ((Z,), (H,))
    np.testing.assert_array_equal(agent.action, action)
    np.testing.assert_array_equal(agent.z, agent.vision.encode(picture))


def test_reset_starts_an_episode(agent):
    first, second = pictures(agent, 2)
    actions = [agent.act(first), agent.act(second)]
    agent.reset()
    np.testing.assert_array_equal([agent.act(first), agent.act(second)], actions)
    agent.reset()
    assert not np.array_equal(agent.act(second), actions[1])


def test_some_rows_start_an_episode_and_others_go_on(agent):
    batches = [pictures(agent, CARS, seed) for seed in range(4)]
    for batch in batches[:2]:
        agent.act(batch)
    h = agent.h
    agent.reset(where=[False, True, False])
    np.testing.assert_array_equal(agent.h[[0, 2]], h[[0, 2]])
    mixed = [agent.act(batch) for batch in batches[2:]]
    agent.reset()
    fresh = [agent.act(batch) for batch in batches[2:]]
    for after, other in zip(mixed, fresh, strict=True):
        np.testing.assert_array_equal(after[1], other[1])
        assert not np.array_equal(after[0], other[0])


def test_an_action_is_repeated_for_the_frames_of_the_skip(released):
    batch = pictures(released, 10)
    released.reset()
    actions = np.array([released.act(picture) for picture in batch])
    for start in (0, 4, 8):
        assert not np.ptp(actions[start : start + 4], axis=0).any()
    assert len(np.unique(actions, axis=0)) == 3


def test_rows_that_start_at_different_frames_choose_at_their_own(released):
    batch = pictures(released, 12)
    released.reset()
    actions = []
    for number, picture in enumerate(batch):
        actions.append(released.act(np.stack([picture, picture])))
        if number == 1:
            released.reset(where=[False, True])
    changes = (np.diff(actions, axis=0) != 0).any(axis=2)
    assert np.flatnonzero(changes[:, 0]).tolist() == [3, 7]
    assert np.flatnonzero(changes[:, 1]).tolist() == [1, 5, 9]


def test_carracing_is_seen_as_by_the_stages_and_gets_steer_gas_and_brake(released):
    (frame,) = pictures(released, 1)
    expected = AreaResize((84, 96), (28, 32))(frame[None, :84])[0]
    np.testing.assert_array_equal(released.vision.view(frame), expected)
    controls = released._adapter.controls(np.array([[0.5, 0.25], [-0.5, -0.75]], np.float32))
    np.testing.assert_array_equal(controls, [[0.5, 0.25, 0], [-0.5, 0, 0.75]])


@pytest.mark.parametrize(
    ("observation", "words"),
    [
        (np.zeros((96, 96, 3)), r"found float64 \(96, 96, 3\)"),
        (np.zeros((84, 96, 3), np.uint8), r"uint8 \(96, 96, 3\), as CarRacing-v3"),
        (np.zeros((96, 96), np.uint8), r"found uint8 \(96, 96\)"),
        (np.zeros((1, 1, 96, 96, 3), np.uint8), r"or a batch of them; found"),
        (np.zeros((0, 96, 96, 3), np.uint8), r"found uint8 \(0, 96, 96, 3\)"),
        ((np.zeros((96, 96, 3), np.uint8), {}), r"found a tuple, such as reset returns"),
    ],
)
def test_an_observation_of_another_kind_is_refused(released, observation, words):
    with pytest.raises(ValueError, match=words):
        released.act(observation)
    with pytest.raises(ValueError, match=words):
        released.vision.encode(observation)


def test_another_number_of_rows_is_refused_in_the_middle_of_an_episode(agent):
    batch = pictures(agent, CARS)
    agent.act(batch)
    for other, now in ((batch[:2], "a batch of 2"), (batch[0], "a single one")):
        with pytest.raises(ValueError, match=rf"was a batch of 3, this is {now}; call reset"):
            agent.act(other)


@pytest.mark.parametrize("where", [[True], [0, 2, 1], [[True] * CARS]])
def test_rows_to_reset_are_booleans_one_a_row(agent, where):
    agent.act(pictures(agent, CARS))
    with pytest.raises(ValueError, match=r"where should be booleans, one for each .*\(3 rows\)"):
        agent.reset(where=where)
    agent.reset()
    with pytest.raises(ValueError, match=r"\(no rows\)"):
        agent.reset(where=where)


def test_actions_belong_to_the_caller(agent):
    actions = [agent.act(picture) for picture in pictures(agent, 3)]
    assert len(np.unique(actions, axis=0)) == 3
    actions[-1][:] = 9
    assert np.abs(agent.action).max() < 1


def test_there_is_no_z_before_the_first_action(agent):
    for attribute in ("z", "h", "action"):
        with pytest.raises(ValueError, match="before the first act"):
            getattr(agent, attribute)
    with pytest.raises(ValueError, match="before the first act"):
        agent.dream()


def test_z_and_h_are_copies(agent):
    agent.act(pictures(agent, 1)[0])
    before = agent.h
    agent.h[:] = 7
    np.testing.assert_array_equal(agent.h, before)
