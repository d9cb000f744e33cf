"""CarRacing's pipeline through the real DVC and the real simulator: a handful of everything."""

import json

import pytest

from tests.carracing_rounds import LEARNING, of_carracing
from tests.imports import ROOT

WHY = "needs requirements-carracing.txt"
pytest.importorskip("gymnasium", reason=WHY)
pytest.importorskip("Box2D", reason=WHY)
pytest.importorskip("pygame", reason=WHY)

QUICK = "carracing/quick.yaml"
FIRST = [f"{stage}0" for stage in LEARNING]
AFTER = ["keep", "evaluate", "evaluate_zh", "evaluate_z", "evolve_c_z", "race"]
AFTER += ["untrained", "evolve_c_untrained", "evaluate_untrained"]


def later(number: int) -> list[str]:
    return [f"{stage}@{number}" for stage in LEARNING]


def made(make_project, rounds: int):
    """A project whose pipeline of CarRacing has so many rounds after the first, and quick ones."""
    project = make_project()
    root = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    pipeline = of_carracing(
        root, rounds, lambda _: {}, file=QUICK, finals=["validation_episodes=2"]
    )
    project.write("carracing/dvc.yaml", pipeline)
    return project


def reproduced(project, *arguments: str) -> list[str]:
    return [name.split(":")[1] for name in project.repro(*arguments)]


def test_a_round_follows_the_first_and_the_better_one_is_kept(make_project):
    project, last = made(make_project, rounds=1), "carracing/dvc.yaml:keep"
    assert reproduced(project, last) == [*FIRST, *later(1), "keep"]
    folder = project.folder / "carracing"
    for number in (0, 1):
        for stage in LEARNING:
            cost = json.loads((folder / f"rounds/{number}/reports/cost/{stage}.json").read_text())
            assert 0 < min(cost.values()) <= max(cost.values()) < 0.1
        evolution = folder / f"rounds/{number}/reports/metrics/evolve_c.json"
        assert json.loads(evolution.read_text())["checked_steps"] > 0
    found = json.loads((folder / "reports/metrics/keep.json").read_text())
    assert found["returns"][found["round"]] == max(found["returns"].values())
    for name in ("v", "m", "c"):
        model = project.read(f"carracing/rounds/{found['round']}/models/{name}.npz")
        assert project.read(f"carracing/models/{name}.npz") == model
    project.replace(QUICK, "sigma: 0.1", "sigma: 0.2")
    # Dry, DVC does not know yet whether what comes after them will have changed.
    assert reproduced(project, "--dry", last) == ["evolve_c0", "evolve_c@1"]


@pytest.mark.slow
def test_all_of_it_runs_once_and_a_changed_search_reruns_what_comes_after_it(make_project):
    project, everything = made(make_project, rounds=2), "carracing/dvc.yaml"
    names = sorted([*FIRST, *later(1), *later(2), *AFTER])
    assert sorted(reproduced(project, everything)) == names
    assert project.read("carracing/reports/drive.gif").startswith(b"GIF")
    assert reproduced(project, everything) == []
    project.replace(QUICK, "sigma: 0.1", "sigma: 0.2")
    again = sorted(reproduced(project, everything))
    assert again == [name for name in names if name not in FIRST[:4]]
