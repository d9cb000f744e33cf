"""The released agent in plain Gymnasium comes to the score of the stage, to the last digit."""

import math

import numpy as np
import pytest

import worldmodels
from stages.evaluate import evaluate
from tests.support.project import ROOT
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import Evaluate
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.seeding import RandomStreams

WHY = "needs requirements-carracing.txt"
gymnasium = pytest.importorskip("gymnasium", reason=WHY)
pytest.importorskip("Box2D", reason=WHY)
pytest.importorskip("pygame", reason=WHY)

TRACKS = 2


def returns(frames):
    """Returns on the first tracks, in episodes of that many frames at the most."""
    agent = worldmodels.load(ROOT / "carracing" / "released")
    env = gymnasium.make("CarRacing-v3", max_episode_steps=frames)
    totals = []
    for seed in range(TRACKS):
        observation, _ = env.reset(seed=seed)
        agent.reset()
        rewards, done = [], False
        while not done:
            observation, reward, terminated, truncated, _ = env.step(agent.act(observation))
            rewards.append(reward)
            done = terminated or truncated
        totals.append(math.fsum(rewards))
    env.close()
    return totals


def stage_returns(frames, monkeypatch):
    """The same of the stage, which then drives one car at a time."""
    params = read_params(ROOT / "carracing" / "params.yaml", {"env.max_steps": frames // 4})
    task = make_task(params.env)
    monkeypatch.setattr(type(task), "max_envs", 1)
    agent = worldmodels.load(ROOT / "carracing" / "released")
    settings = Evaluate(episodes=TRACKS, baseline_episodes=1)
    episodes, _ = evaluate(settings, task, agent.parts, RandomStreams(1, "evaluate"))
    ends = np.cumsum(episodes.lengths)
    rewards = np.split(episodes.rewards, ends[:-1])
    return [math.fsum(rewards[track]) for track in range(TRACKS)]


@pytest.mark.parametrize("frames", [120, pytest.param(1000, marks=pytest.mark.slow)])
def test_plain_gymnasium_and_the_stage_come_to_one_score(frames, monkeypatch):
    plain, stage = returns(frames), stage_returns(frames, monkeypatch)
    assert [f"{each:.6f}" for each in plain] == [f"{each:.6f}" for each in stage]
    assert min(plain) > 0
