"""The tables of Doom's scores: which of the reports in git they have, and the docs' page."""

import json
import subprocess
import sys

import pytest

from benchmarks.doom_scores import by_policy, by_temperature
from tests.support.project import ROOT
from worldmodels.pipeline.reports import CURVES, curve_path, write_curve

CONTROLS = ("controller", "random", "still", "left", "sweep", "own_actions")


@pytest.fixture
def project(tmp_path):
    """A project of Doom without reports, with training seed 1."""
    (tmp_path / "params.yaml").write_text((ROOT / "doom/params.yaml").read_text())
    return tmp_path


def write_metrics(folder, stage, numbers):
    path = folder / "reports/metrics" / f"{stage}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(numbers))


def write_controls(folder, first):
    """What evaluate_controls leaves in git: a return of `first` for C, 100 less for each other."""
    returns = {f"{name}_return": first - 100 * row for row, name in enumerate(CONTROLS)}
    write_metrics(folder, "evaluate_controls", returns | {f"{name}_stderr": 3 for name in CONTROLS})


def test_without_reports_there_is_no_table(project):
    assert by_policy(project) == by_temperature(project) == ""


def test_each_training_seed_has_a_column_and_their_mean_an_error_of_its_own(project):
    write_controls(project, 1000)
    write_controls(project / "seeds/2", 1200)
    head, _, c, *others = by_policy(project).splitlines()
    assert head == "| tics alive | seed 1 | seed 2 | mean over seeds |"
    assert c == "| C, which only dreamt | 1,000 ± 3 | 1,200 ± 3 | **1,100 ± 100** |"
    assert "| its own actions, in other games | 500 ± 3 | 700 ± 3 | **600 ± 100** |" in others
    assert "| the paper's C, which only dreamt | | | 1,092 ± 56 |" in others
    assert not any("trained on in the game" in row for row in others)


def test_a_c_that_was_trained_on_in_the_game_is_there_if_one_seed_has_it(project):
    write_controls(project, 1000)
    write_controls(project / "seeds/2", 1200)
    numbers = {"mean_return": 1300.0, "stderr": 4.0}
    write_metrics(project / "seeds/2/finetuned", "evaluate", numbers)
    row = "| C, trained on in the game | | 1,300 ± 4 | **1,300 ± 4** |"
    assert row in by_policy(project).splitlines()


def test_temperatures_stand_beside_the_papers(project):
    path = curve_path(project / "reports", "temperature_study")
    path.parent.mkdir(parents=True)
    columns = (*CURVES["temperature_study"], "env_return_stderr")
    rows = [
        dict.fromkeys(columns, 5.0)
        | {"temperature": each, "env_return": 700.4, "env_return_min": 650, "env_return_max": 720}
        for each in (0.01, 1.15)
    ]
    write_curve(path, rows, "temperature_study")
    assert by_temperature(project).splitlines()[2:] == [
        "| 0.01 | 700 ± 5 | 650, 720 | |",
        "| 1.15 | 700 ± 5 | 650, 720 | 1,092 |",
    ]


def test_the_page_has_the_tables_that_are_printed():
    command = [sys.executable, "-m", "benchmarks.doom_scores"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    page = (ROOT / "docs/doom.md").read_text(encoding="utf-8")
    tables = [text.strip() for text in printed.split("\n\n") if text.strip()]
    assert tables
    for table in tables:
        assert f"\n\n{table}\n\n" in page
