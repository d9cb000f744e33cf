"""README's ten lines come to the score of the stage on the same tracks, to the last digit."""

import re

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

README = (ROOT / "README.md").read_text(encoding="utf-8")
TEN_LINES = re.search(r"```python\n(import worldmodels .*?)```", README, re.DOTALL)[1]
MAKE = 'gymnasium.make("CarRacing-v3")'
TRACKS = 2


def returns(frames):
    """What the lines come to on the first tracks, in episodes of that many frames at the most."""
    assert TEN_LINES.count(MAKE) == TEN_LINES.count("seed=0") == 1
    limited = TEN_LINES.replace(MAKE, f"{MAKE[:-1]}, max_episode_steps={frames})")
    totals = []
    for track in range(TRACKS):
        names = {}
        exec(limited.replace("seed=0", f"seed={track}"), names)
        names["env"].close()
        totals.append(names["total"])
    return totals


def stage_returns(frames, monkeypatch):
    """The same of the stage, which has each car alone in a batch here.

    BLAS rounds by the number of rows, and a car that hits the verge a hair elsewhere takes another
    course.
    """
    params = read_params(ROOT / "carracing" / "params.yaml", {"env.max_steps": frames // 4})
    task = make_task(params.env)
    monkeypatch.setattr(type(task), "max_envs", 1)
    agent = worldmodels.load(ROOT / "carracing" / "released")
    settings = Evaluate(episodes=TRACKS, baseline_episodes=1)
    episodes, _ = evaluate(settings, task, agent.parts, RandomStreams(1, "evaluate"))
    first = episodes.first_step[:TRACKS]
    return [
        episodes.rewards[start : start + length].sum()
        for start, length in zip(first, episodes.lengths, strict=False)
    ]


@pytest.mark.parametrize("frames", [120, pytest.param(1000, marks=pytest.mark.slow)])
def test_the_ten_lines_and_the_stage_come_to_one_score(frames, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    lines, stage = returns(frames), stage_returns(frames, monkeypatch)
    assert [f"{each:.8f}" for each in lines] == [f"{each:.8f}" for each in stage]
    assert min(lines) > 0
    if frames == 1000:
        assert capsys.readouterr().out.splitlines()[0] == re.search(r"# ([\d.]+)$", TEN_LINES)[1]
