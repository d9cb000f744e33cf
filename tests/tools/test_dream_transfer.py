"""What a C from dreams returns in CarRacing and Doom, as the study's page says it."""

import numpy as np
import pytest

from tools import dream_transfer
from tools.dream_transfer import carracing_finding, claims_table, doom_finding
from tools.study_reader import load_study
from tools.study_results import Results, Setting
from worldmodels.figures.docs.ablations import Ablation, Score

WHOLE = Ablation("everything", "", {0: Score(910, 3), 1: Score(920, 3), 2: Score(915, 3)})
DREAMT = Ablation("no fine-tuning", "fine-tuning", {0: Score(810, 3), 1: Score(820, 3)})


def test_of_carracing_it_says_what_fine_tuning_adds_with_the_same_seeds():
    assert carracing_finding(DREAMT, WHOLE) == (
        "C that has only dreamt returns +815.0 ± 5.8 over 2 training seeds, and fine-tuning in the "
        "environment adds +100.0 ± 4.2"
    )


@pytest.mark.parametrize(
    ("tics", "found"),
    [
        ((1000, 500), "C lives longest, 1,000 ± 30 tics, after the coldest of the dreams, those"),
        (
            (500, 1000),
            "C lives longest, 1,000 ± 30 tics, after dreams of temperature 1.15, and 500",
        ),
    ],
)
def test_of_doom_it_says_which_temperature_is_best(tics, found):
    study = {"temperature": (0.01, 1.15), "env_return": tics, "env_return_stderr": (30, 30)}
    assert doom_finding({name: np.array(column) for name, column in study.items()}).startswith(
        found
    )


def test_an_older_claim_is_confirmed_by_a_difference_that_no_seed_contradicts():
    rng = np.random.default_rng(0)

    def setting(label, level):
        return Setting(label, level + rng.normal(0, 3, (5, 20)), np.zeros(5))

    cold = {"one": setting("one M", 40), "one_noise": setting("", 90), "two": setting("", 40)}
    warm = {**cold, "one": setting("one M", 80)}
    results = Results(load_study(dream_transfer.NAME), "abc", {"0.1": cold, "1.0": warm})
    answers = [line.split(" | ")[-1] for line in claims_table(results).splitlines()[2:]]
    assert answers == ["yes |", "yes |", "yes |", "no |", "no |"]
