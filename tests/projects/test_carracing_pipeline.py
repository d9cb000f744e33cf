"""CarRacing's pipeline through the real DVC and the real simulator: a handful of everything."""

import json

import pytest

from tests.support.imports import ROOT
from tools.carracing_rounds import LEARNING, of_carracing

WHY = "needs requirements-carracing.txt"
pytest.importorskip("gymnasium", reason=WHY)
pytest.importorskip("Box2D", reason=WHY)
pytest.importorskip("pygame", reason=WHY)

QUICK = "carracing/quick.yaml"
FIRST = [f"{stage}0" for stage in LEARNING]
AFTER = ["polish", "evaluate", "race", "evolve_c_z", "polish_z", "evaluate_z"]
AFTER += ["untrained", "evolve_c_untrained", "polish_untrained", "evaluate_untrained"]


def later(number: int) -> list[str]:
    return [f"{stage}@{number}" for stage in LEARNING]


def made(make_project, rounds: int):
    """A project whose pipeline of CarRacing has so many rounds after the first, and quick ones."""
    project = make_project()
    root = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    pipeline = of_carracing(root, rounds, lambda _: {}, file=QUICK)
    project.write("carracing/dvc.yaml", pipeline)
    return project


def reproduced(project, *arguments: str) -> list[str]:
    return [name.split(":")[1] for name in project.repro(*arguments)]


def test_a_round_follows_the_first_and_its_c_is_polished(make_project):
    project, last = made(make_project, rounds=1), "carracing/dvc.yaml:polish"
    assert reproduced(project, last) == [*FIRST, *later(1), "polish"]
    folder = project.folder / "carracing"
    for number in (0, 1):
        for stage in LEARNING:
            cost = json.loads((folder / f"rounds/{number}/reports/cost/{stage}.json").read_text())
            assert 0 < min(cost.values()) <= max(cost.values()) < 0.1
        evolution = folder / f"rounds/{number}/reports/metrics/evolve_c.json"
        assert json.loads(evolution.read_text())["eval_steps"] > 0
    found = json.loads((folder / "reports/metrics/polish.json").read_text())
    assert found["real_return"] >= found["start_return"]
    assert found["train_env_steps"] > 0
    dreamt = project.read("carracing/rounds/1/models/c.npz")
    same = project.read("carracing/models/c.npz") == dreamt
    assert same == (found["chosen_iteration"] == 0)
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
    # Another sigma may find nothing better than where it began, either; this begins elsewhere.
    project.replace(QUICK, "components: 4\n", "components: 3\n")
    again = sorted(reproduced(project, everything))
    assert again == [name for name in names if name not in FIRST[:4]]
