"""`reset` of every vector environment has the signature of Gymnasium's VectorEnv."""

import inspect
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.reference import ReferenceEnv
from tests.support.doom import PARAMS
from tests.support.gymnasium_params import gymnasium_params
from tests.support.small_agents import small_agent
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.envs.carracing.env import CarRacingEnv
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.envs.registry import make_task
from worldmodels.evolution.dream_shaping import ShapedDream
from worldmodels.finetune.latent_env import LatentEnv
from worldmodels.rollout.loop import VectorEnv

CARRACING = ("gymnasium", "Box2D", "pygame")


def dream(agent):
    return DreamEnv(agent.memory.members, StartStates(np.zeros((2, 4), np.float32)), 2, 20, 1.0)


def carracing(_):
    for package in CARRACING:
        pytest.importorskip(package, reason="needs requirements-carracing.txt")
    return CarRacingEnv([1, 2], num_envs=2)


def gymnasium_env(_):
    pytest.importorskip("gymnasium", reason="needs requirements-carracing.txt")
    return make_task(gymnasium_params()).make_env([1, 2], 2)


def doom(_):
    if find_spec("vizdoom") is None:
        pytest.skip("needs requirements-doom.txt")
    return make_task(PARAMS).make_env([70_000, 70_001], 2)


ENVIRONMENTS = {
    "RacingEnv": lambda _: RacingEnv(num_envs=2),
    "ReferenceEnv": lambda _: ReferenceEnv(Track()),
    "CarRacingEnv": carracing,
    "GymnasiumEnv": gymnasium_env,
    "DoomEnv": doom,
    "DreamEnv": dream,
    "ShapedDream": lambda agent: ShapedDream(dream(agent), 1.0, 0.0),
    "LatentEnv": lambda agent: LatentEnv(RacingEnv(num_envs=2), agent.vision, agent.memory),
}


@pytest.fixture(params=ENVIRONMENTS)
def env(request, quick):
    return ENVIRONMENTS[request.param](small_agent(make_task(quick.env)))


def keywords(function):
    """Name, kind and default of every parameter but `self`."""
    parameters = inspect.signature(function).parameters.values()
    return [(each.name, each.kind, each.default) for each in parameters if each.name != "self"]


def test_the_protocol_has_gymnasiums_keywords():
    gymnasium = pytest.importorskip("gymnasium", reason="needs requirements-carracing.txt")
    assert keywords(VectorEnv.reset) == keywords(gymnasium.vector.VectorEnv.reset)


def test_every_environment_has_the_keywords_of_the_protocol(env):
    assert keywords(env.reset) == keywords(VectorEnv.reset)


def test_no_options_change_nothing(env):
    first, info = env.reset(seed=3)
    for options in (None, {}):
        again, same = env.reset(seed=3, options=options)
        np.testing.assert_array_equal(again, first)
        assert list(same) == list(info)


def test_an_unknown_option_is_named(env):
    with pytest.raises(ValueError, match=r"^reset has no options; found 'random', 'mode'$"):
        env.reset(seed=3, options={"random": True, "mode": 1})


def test_a_refused_reset_leaves_the_episode_as_it_is(env):
    actions = np.full((env.num_envs, getattr(env, "action_size", 2)), 0.5)
    first = env.reset()[0]
    expected = env.step(actions)[0]
    np.testing.assert_array_equal(env.reset()[0], first)
    with pytest.raises(ValueError, match="no options"):
        env.reset(options={"random": True})
    np.testing.assert_array_equal(env.step(actions)[0], expected)
