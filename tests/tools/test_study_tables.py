"""What is found of a study, in sentences and in tables."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.support.toy_study import GROUPED, SIZES, STUDY, TRACKS, write
from tools.studies import single_key
from tools.study_results import load_results, read_results
from tools.study_tables import finding, headline, tables, tuned_table


def test_a_table_has_the_best_first_and_no_difference_from_itself(folder):
    head, _, first, second = tables(load_results("toy")).splitlines()
    assert "step size of the seeds | return | more than good |" in head
    assert first.startswith("| good | 0.1 (5) | +102.4")
    assert "| | | +100.0" in first
    assert second.startswith("| bad | 0.1 (5) | +92.4")
    assert "| -10.0 [-10.0, -10.0] | 0.00 [0.00, 0.00] | +90.0 | 5 of 100 | 2.70 ± 1.58 |" in second


def test_a_group_has_a_table_of_its_own_within_which_settings_are_compared(folder):
    small, head, large, _ = tables(read_results(GROUPED, folder / "results.csv", "")).split("\n\n")
    assert (small, large) == ("**Small steps**", "**Large steps**")
    assert "| -10.0 [-10.0, -10.0] |" in head
    assert head.count("\n") == 3


def test_a_group_has_the_values_of_the_tuned_factor_that_are_not_excluded(folder):
    write(folder / "results.csv", SIZES)
    results = read_results(SIZES, folder / "results.csv", "")
    assert list(results.groups["0"]["bad"].by_value) == ["0.1", "0.2"]
    assert list(results.groups["8"]["bad"].by_value) == ["0.1"]
    head, _, *_, last = tuned_table(results).splitlines()
    assert head == "| step size | 0.1 | 0.2 |"
    assert last == "| 8, bad | +92.4 | |"
    tics = read_results(msgspec.structs.replace(SIZES, number=",.0f"), folder / "results.csv", "")
    assert tuned_table(tics).splitlines()[-1] == "| 8, bad | 92 | |"


def test_groups_of_which_the_same_is_found_are_named_together(folder):
    results = read_results(GROUPED, folder / "results.csv", "")
    assert finding(results) == "Small steps and large steps: bad returns less than good"
    small, large = results.groups.values()
    equal = {**large, "bad": replace(large["bad"], scores=large["good"].scores)}
    assert finding(replace(results, groups={"0.1": small, "0.2": equal})) == (
        "Small steps: bad returns less than good. Large steps: bad cannot be told from good"
    )


@pytest.mark.parametrize(
    ("shift", "found"),
    [
        (0.0, "Bad returns less than good"),
        (20.0, "Bad returns more than good"),
        (None, "Bad cannot be told from good"),
    ],
)
def test_a_finding_says_no_more_than_the_intervals(folder, shift, found):
    results = load_results("toy")
    good, bad = results.groups[""].values()
    noise = np.random.default_rng(0).normal(size=bad.scores.shape)
    scores = good.scores + noise if shift is None else bad.scores + shift
    settings = {"good": good, "bad": replace(bad, scores=scores)}
    assert finding(replace(results, groups={"": settings})) == found


def test_a_headline_leaves_out_what_cannot_be_told_where_something_can(folder):
    results = load_results("toy")
    good, bad = results.groups[""].values()
    twin = replace(good, label="twin")
    results = replace(results, groups={"": {"good": good, "bad": bad, "twin": twin}})
    assert finding(results) == "Bad returns less than good; twin cannot be told from it"
    assert headline(results) == "Bad returns less than good"
    equal = replace(results, groups={"": {"good": good, "twin": twin}})
    assert headline(equal) == finding(equal) == "Twin cannot be told from good"


def test_a_difference_that_is_large_and_rare_is_no_finding(folder):
    """On half of the tracks a little better, on the others much worse."""
    results = load_results("toy")
    good, bad = results.groups[""].values()
    change = np.where(np.arange(TRACKS) % 2, 0.1, -30.0)
    settings = {"good": good, "bad": replace(bad, scores=good.scores + change)}
    results = replace(results, groups={"": settings})
    assert results.bootstrap.difference(settings["bad"].scores, good.scores).high < 0
    assert finding(results) == "Bad cannot be told from good"


def paired(results, *pairs):
    """The results of the good and the bad strategy, and of twins of them, with further pairs."""
    study = msgspec.structs.replace(
        STUDY,
        factors={**STUDY.factors, "strategy": single_key("x", ("good", "bad", "twin", "worse"))},
        tuned="",
        groups="sigma",
        pairs=pairs,
    )
    good, bad = results.groups[""].values()
    settings = {
        "good": good,
        "bad": bad,
        "twin": replace(bad, label="twin"),
        "worse": replace(bad, label="worse", scores=bad.scores - 1),
    }
    return replace(results, study=study, groups={"0.1": settings})


def test_pairs_are_compared_beside_the_reference(folder):
    results = paired(load_results("toy"), ("bad", "twin"), ("worse", "bad"), ("worse", "twin"))
    assert finding(results) == (
        "Small steps: all others return less than good; worse returns less than twin; bad cannot "
        "be told from it; worse returns less than bad"
    )


def test_a_pair_that_cannot_be_told_apart_is_not_in_the_headline(folder):
    results = paired(load_results("toy"), ("bad", "twin"), ("worse", "bad"))
    assert headline(results) == (
        "Small steps: all others return less than good; worse returns less than bad"
    )


def test_a_table_of_pairs_follows_those_of_the_groups(folder):
    results = paired(load_results("toy"), ("worse", "twin"))
    *_, pairs = tables(results).split("\n\n")
    head, _, row = pairs.splitlines()
    assert head == "| | compared with | difference | probability of improvement |"
    assert row == "| small steps, worse | twin | -1.0 [-1.0, -1.0] | 0.00 [0.00, 0.00] |"
