"""The tables of Doom's scores: which of the reports in git they have, and the docs' page."""

import json
import subprocess
import sys

import pytest

from tests.support.project import ROOT
from tools.doom_scores import by_policy, by_temperature, coldest_beside_best
from worldmodels.pipeline.reports import CURVES, OF_DREAMS, OPTIONAL, curve_path, write_curve

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
    assert by_policy(project) == by_temperature(project) == coldest_beside_best(project) == ""


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
    row = "| C, trained on in the game | | 1,300 ± 4 | **1,300 ± 4** (1 seed) |"
    assert row in by_policy(project).splitlines()


def test_a_mean_over_fewer_seeds_than_have_columns_says_so(project):
    for seed, folder in enumerate((project, project / "seeds/2", project / "seeds/3")):
        write_controls(folder, 1000)
        if seed:
            write_metrics(folder / "finetuned", "evaluate", {"mean_return": 1300.0, "stderr": 4.0})
    (row,) = [row for row in by_policy(project).splitlines() if "trained on in the game" in row]
    assert row.endswith("** (2 seeds) |")


def write_study(project, returns):
    """The curve of the study, of these returns in games by temperature."""
    path = curve_path(project / "reports", "temperature_study")
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = set(CURVES["temperature_study"]) - (OPTIONAL["temperature_study"] - {*OF_DREAMS})
    rows = [
        dict.fromkeys(columns, 5.0)
        | {"temperature": each, "env_return": score, "env_return_min": 650, "env_return_max": 720}
        | {"dream_return": 1500.4, "fire_share": 0.021, "env_fire_share": 0.7}
        for each, score in returns.items()
    ]
    write_curve(path, rows, "temperature_study")


def test_temperatures_stand_beside_the_papers(project):
    write_study(project, {0.01: 700.4, 1.15: 700.4})
    assert by_temperature(project).splitlines()[2:] == [
        "| 0.01 | 1,500 ± 5 | 700 ± 5 | 650, 720 | 5 | 2 %, 70 % | | |",
        "| 1.15 | 1,500 ± 5 | 700 ± 5 | 650, 720 | 5 | 2 %, 70 % | 918 ± 55 | 1,092 ± 56 |",
    ]


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        ((300, 400, 800), "from dreams of 0.01, the coldest, lives 38 % as long in games, less"),
        ((400, 500, 800), "from dreams of 0.01, the coldest, lives 50 % as long in games, more"),
        (
            (900, 450, 800),
            "longest in games after dreams of 0.01. C from dreams of 0.1, the paper's",
        ),
        ((700, 800, 600), "from dreams of 0.01, the coldest, lives 88 % as long in games, more"),
    ],
)
def test_the_coldest_is_said_to_have_less_or_more_than_half_of_the_best(project, returns, words):
    write_study(project, dict(zip((0.01, 0.1, 1.0), returns, strict=True)))
    said = coldest_beside_best(project)
    assert words in said
    share = 100 * returns[1] / max(returns)
    ours = "is the best" if share == 100 else f"lives {share:.0f} % as long as the best"
    assert said.endswith(f"coldest, {ours}; in the paper it lives 18 % as long as the best.\n")


def test_the_page_has_the_tables_that_are_printed():
    command = [sys.executable, "-m", "benchmarks.doom_scores"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    page = (ROOT / "docs/doom.md").read_text(encoding="utf-8")
    parts = [text.strip() for text in printed.split("\n\n") if text.strip()]
    assert parts
    for part in parts:
        if part.startswith("|"):
            assert f"\n\n{part}\n\n" in page
        else:
            assert part in " ".join(page.split())
