"""The pages of studies: their numbers are those of the tables in git."""

import csv
import re
import string
from dataclasses import replace

import numpy as np
import pytest

from tests.support.project import ROOT
from tools import study_pages
from tools.study_pages import PAGES, finding, page, table
from tools.study_pipelines import STUDIES, Study
from tools.study_results import chosen_by_other_seeds, read_results
from worldmodels.pipeline.errors import UserError

STUDY = Study(
    title="",
    factors={"strategy": ("good", "bad"), "sigma": (0.1, 0.2)},
    seeds=(0, 1, 2, 3, 4),
    minutes=1,
    reference="good",
    tuned="sigma",
    labels={"sigma": "step size"},
)
TRACKS = 20


def returns(strategy, sigma, seed):
    """0.1 is the best step size, but for the last seed of the good strategy."""
    level = {"good": 100, "bad": 90}[strategy] - 20 * (sigma - 0.1)
    if (strategy, sigma, seed) == ("good", 0.2, 4):
        level = 150
    return [f"{level + track / 4:.2f}" for track in range(TRACKS)]


def write(path, leave_out=None):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        tracks = (f"track_{number}" for number in range(TRACKS))
        writer.writerow(["commit", "seed", "strategy", "sigma", "off_track", *tracks])
        for seed in STUDY.seeds:
            for strategy in STUDY.factors["strategy"]:
                for sigma in STUDY.factors["sigma"]:
                    if (seed, strategy, sigma) != leave_out:
                        row = ["abc", seed, strategy, sigma, 1, *returns(strategy, sigma, seed)]
                        writer.writerow(row)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of STUDY, which is the only one."""
    folder = tmp_path / "studies" / "toy"
    folder.mkdir(parents=True)
    write(folder / "results.csv")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.setattr(study_pages, "ROOT", tmp_path)
    monkeypatch.setattr(study_pages, "STUDIES", {"toy": STUDY})
    return folder


@pytest.mark.parametrize("name", STUDIES)
def test_the_pages_in_git_are_what_is_written(name):
    written = (ROOT / PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert written == page(name), "run: python -m tools.study_pages"


@pytest.mark.parametrize("name", STUDIES)
def test_no_number_of_a_page_is_typed(name):
    template = (ROOT / "studies" / name / "page.md").read_text(encoding="utf-8")
    parts = string.Formatter().parse(template)
    typed = "".join(text for text, *_ in parts)
    assert not re.findall(r"\d", re.sub(r"\]\([^)]*\)", "]", typed))  # but for links


@pytest.mark.parametrize("name", STUDIES)
def test_the_list_of_studies_has_each_with_its_minutes(name):
    listed = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    assert f"| {STUDIES[name].minutes} | [{name}](studies/{name}.md) |" in listed


@pytest.mark.parametrize("name", STUDIES)
def test_a_file_of_results_is_small(name):
    assert (ROOT / "studies" / name / "results.csv").stat().st_size < 100_000


def test_no_seed_chooses_the_step_size_by_its_own_returns(folder):
    steady, torn = np.full((2, 1), 6.0), np.array([[0.0], [10.0]])
    assert chosen_by_other_seeds({"steady": steady, "torn": torn}) == ["torn", "steady"]
    good = read_results(STUDY, folder / "results.csv").settings["good"]
    assert good.by_value["0.2"][4, 0] == 150
    assert good.chosen == ["0.1"] * 5
    np.testing.assert_allclose(good.scores[:, 0], 100)


def test_a_table_has_the_best_first_and_no_difference_from_itself(folder):
    head, _, first, second = table(read_results(STUDY, folder / "results.csv")).splitlines()
    assert "step size of the seeds | return | more than good |" in head
    assert first.startswith("| good | 0.1 (5) | +102.4")
    assert "| | | +100.0" in first
    assert second.startswith("| bad | 0.1 (5) | +92.4")
    assert "| -10.0 [-10.0, -10.0] | 0.00 [0.00, 0.00] | +90.0 | 5 of 100 |" in second


@pytest.mark.parametrize(
    ("shift", "found"),
    [
        (0.0, "Bad returns less than good"),
        (20.0, "Bad returns more than good"),
        (None, "Bad cannot be told from good"),
    ],
)
def test_a_finding_says_no_more_than_the_intervals(folder, shift, found):
    results = read_results(STUDY, folder / "results.csv")
    good, bad = results.settings.values()
    noise = np.random.default_rng(0).normal(size=bad.scores.shape)
    scores = good.scores + noise if shift is None else bad.scores + shift
    settings = {"good": good, "bad": replace(bad, scores=scores)}
    assert finding(replace(results, settings=settings)) == found


def test_a_difference_that_is_large_and_rare_is_no_finding(folder):
    """On half of the tracks a little better, on the others much worse."""
    results = read_results(STUDY, folder / "results.csv")
    good, bad = results.settings.values()
    change = np.where(np.arange(TRACKS) % 2, 0.1, -30.0)
    settings = {"good": good, "bad": replace(bad, scores=good.scores + change)}
    results = replace(results, settings=settings)
    assert results.bootstrap.difference(settings["bad"].scores, good.scores).high < 0
    assert finding(results) == "Bad cannot be told from good"


def test_a_page_names_a_field_that_is_not_there(folder):
    (folder / "page.md").write_text("# Title\n\n{iqm[good]:+.1f} {nothing}\n")
    with pytest.raises(UserError, match=r"^studies/toy/page.md: no such field: 'nothing'"):
        page("toy")
    (folder / "page.md").write_text("# Title\n\n{iqm[good].value:+.1f} {params.seed}\n")
    assert page("toy").splitlines()[-1] == "+102.4 0"


def test_a_c_that_is_missing_is_an_error_in_a_line(folder):
    write(folder / "results.csv", leave_out=(3, "bad", 0.2))
    with pytest.raises(UserError, match=r"should have a line of strategy bad, sigma 0\.2, seed 3"):
        read_results(STUDY, folder / "results.csv")
