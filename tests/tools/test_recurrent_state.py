"""What h is worth in CarRacing and Doom, as the study's page says it."""

import csv

import numpy as np
import pytest

from tools import recurrent_state
from tools.doom_ablations import ALL, FEATURES, RESULTS, UNTRAINED
from tools.recurrent_state import NAME, carracing_finding, carracing_headline, fields
from tools.study_reader import load_study
from tools.study_tables import pairs_table, table
from worldmodels.figures.docs.ablations import Ablation, Score

WHOLE = Ablation("everything", "", {0: Score(910, 3), 1: Score(920, 4)})
Z = Ablation("z alone", "h", {1: Score(780, 3)})
UNTRAINED_M = Ablation("untrained", "training M", {0: Score(912, 3), 1: Score(920, 4)})


@pytest.mark.parametrize(
    ("others", "found"),
    [
        (
            [],
            "C on z and C on z and an untrained h have not been run with as much fine-tuning as "
            "C on z and h",
        ),
        (
            [Z],
            "C on z returns 140.0 ± 5.0 less than C on z and h (1 training seed); C on z and an "
            "untrained h has not been run with as much fine-tuning as C on z and h",
        ),
        (
            [UNTRAINED_M, Z],
            "C on z and an untrained h returns 1.0 ± 5.1 more than C on z and h (2 training "
            "seeds); C on z returns 140.0 ± 5.0 less than C on z and h (1 training seed)",
        ),
    ],
)
def test_of_carracing_it_says_what_has_been_run_and_what_not(others, found):
    assert carracing_finding(load_study(NAME), WHOLE, others) == found


@pytest.mark.parametrize(
    ("others", "found"),
    [([], ""), ([UNTRAINED_M], ""), ([UNTRAINED_M, Z], "C on z returns less than C on z and h")],
)
def test_the_figure_is_titled_by_differences_of_two_standard_errors(others, found):
    assert carracing_headline(load_study(NAME), WHOLE, others) == found


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder whose Doom has no results."""
    folder = tmp_path / "doom" / "reports"
    folder.mkdir(parents=True)
    monkeypatch.setattr(recurrent_state, "agents", lambda _: (WHOLE, [Z]))
    monkeypatch.setattr(recurrent_state, "ROOT", tmp_path)
    return tmp_path


def write_doom(path, games=30):
    rng = np.random.default_rng(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        tracks = (f"track_{number}" for number in range(games))
        writer.writerow(["commit", "features", "seed", "off_track", *tracks])
        for features in (*FEATURES, UNTRAINED):
            for seed in ALL.seeds:
                lives = rng.normal(900 if features == "zh" else 600, 50, games).round(2)
                writer.writerow(["abc", features, seed, games, *lives])


def test_doom_that_has_not_been_run_is_said(project):
    found = fields()
    assert (found["doom_table"], found["doom_finding"]) == (
        "It has not been run.",
        "It has not been run",
    )
    assert "+780.0 ± 3.0" in found["carracing_table"]


def test_doom_has_a_table_in_tics(project):
    write_doom(project / "doom" / RESULTS)
    found = fields()
    assert found["doom_finding"] == (
        "C on z and h returns more than C on z; C on z and an untrained h cannot be told from it; "
        "C on z and h returns more than C on z and an untrained h"
    )
    head, _, best, *_ = found["doom_table"].splitlines()
    assert "| tics alive | more than C on z |" in head
    assert "| games that end in death |" in head
    assert best.startswith("| C on z and h | 9")
    assert "| 90 of 90 |" in best
    assert found["doom_games"] == "; then it plays 30 test games"
    results = recurrent_state.doom_results(load_study(NAME))
    *_, pair = found["doom_table"].splitlines()
    assert pair.startswith("| C on z and h | C on z and an untrained h | +3")
    assert f"{table(results, results.groups[''])}\n\n{pairs_table(results)}" == found["doom_table"]
