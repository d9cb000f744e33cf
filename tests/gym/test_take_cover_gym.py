"""`WorldModels/TakeCover-v0`: a game of Doom, by Gymnasium's rules, and the released agent."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled, ResetNeeded
from gymnasium.utils.env_checker import check_env

import worldmodels.gym
from tests.support.documented_commands import fences
from tests.support.doom import needs_vizdoom
from tests.support.project import ROOT
from worldmodels.agent.agent import Agent
from worldmodels.agent.loading import load_agent
from worldmodels.envs.doom import engine
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.storage.pixels import to_bytes
from worldmodels.rollout.loop import recorded_rollout

ID = "WorldModels/TakeCover-v0"
LEFT = np.array([-1], np.float32)
RELEASED = ROOT / "doom/released"


@pytest.fixture
def make():
    """Makes environments, which are closed at the end."""
    made = []

    def make(**kwargs):
        made.append(gymnasium.make(ID, **kwargs))
        return made[-1]

    yield make
    for env in made:
        env.close()


def episode(env, **reset):
    """Observations, rewards and infos of a game of a player who goes left."""
    steps = [env.reset(**reset)]
    over = False
    while not over:
        steps.append(env.step(LEFT))
        over = steps[-1][2] or steps[-1][3]
    return steps


@needs_vizdoom
def test_gymnasiums_checker_finds_nothing(make, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    check_env(make(frame_skip=8).unwrapped)


@needs_vizdoom
def test_the_same_seed_gives_the_same_games_in_this_episode_and_the_next(make):
    env = make(frame_skip=20)
    first, second = episode(env, seed=3), episode(env)
    again, after = episode(env, seed=3), episode(make(frame_skip=20), seed=4)
    for ours, theirs in zip(first, again, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        assert ours[1:] == theirs[1:]
    np.testing.assert_array_equal(second[0][0].shape, first[0][0].shape)
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=False))
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(first, after, strict=False))


@needs_vizdoom
def test_the_released_agent_lives_as_long_as_in_the_stages(make):
    agent = worldmodels.load(RELEASED)
    env = make(**agent.env_kwargs | {"max_episode_steps": 30})
    assert agent.environment == ID
    params = read_params(ROOT / "doom/params.yaml")
    task = make_task(params.env)
    games = task.make_env([2], 1)
    games.max_steps = 30
    parts = load_agent([RELEASED / f"{part}.npz" for part in "vmc"], task)
    stats, recorded = recorded_rollout(games, Agent(*parts), store=to_bytes)
    observation, _ = env.reset(options={"game": 2})
    total, over = 0.0, False
    for frame in recorded.observations[:-1]:
        np.testing.assert_array_equal(observation, frame)
        assert not over
        observation, reward, terminated, truncated, _ = env.step(agent.act(observation))
        total, over = total + reward, terminated or truncated
    assert over
    assert total == stats.returns[0]


@needs_vizdoom
def test_the_example_of_the_docs_prints_what_they_show(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    blocks = [(language, content) for _, language, content in fences("docs/doom.md")]
    (code,) = (content for language, content in blocks if language == "python")
    (shown,) = (content for language, content in blocks if language == "text")
    exec(compile(code, "docs/doom.md", "exec"), {})
    assert capsys.readouterr().out == shown


@needs_vizdoom
def test_the_view_and_the_picture_are_the_observation(make):
    env = make(view=(64, 64), render_mode="rgb_array")
    observation, info = env.reset(options={"game": 1})
    assert observation.shape == (64, 64, 3)
    assert info == {"health": 100, "tics": 0}
    np.testing.assert_array_equal(env.render(), observation)


@needs_vizdoom
@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"view": (28, 64)}, r"view must be \(28, 80\) or \(64, 64\); found \(28, 64\)"),
        ({"view": [28, 80]}, r"view must be \(28, 80\) or \(64, 64\); found \[28, 80\]"),
        ({"frame_skip": 0}, "frame_skip must be an integer of at least 1; found 0"),
    ],
)
def test_what_is_not_possible_is_refused(make, kwargs, words):
    with pytest.raises(ValueError, match=words):
        make(**kwargs)


@needs_vizdoom
def test_a_game_that_is_none_and_an_action_that_is_none_are_refused(make):
    env = make().unwrapped
    with pytest.raises(ResetNeeded):
        env.step(LEFT)
    with pytest.raises(ValueError, match=r"options\['game'\] must be an integer from 0 to"):
        env.reset(options={"game": -1})
    env.reset(seed=0)
    with pytest.raises(ValueError, match="an action must be one number; found shape"):
        env.step(np.zeros(2, np.float32))


def test_without_vizdoom_a_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    with pytest.raises(DependencyNotInstalled, match=r"vizdoom: run 'make install-doom'$"):
        gymnasium.make(ID)
