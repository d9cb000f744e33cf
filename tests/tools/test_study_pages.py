"""The pages of studies: their numbers are those of the tables in git."""

import csv
import re
import shutil
import string
import sys
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.support.project import ROOT
from tools import docs_figures, study_pages, study_reader, study_results
from tools.studies import Study, single_key
from tools.study_pages import PAGES, page, study_figure
from tools.study_reader import load_study, study_names
from tools.study_results import chosen_by_other_seeds, load_results, read_results
from tools.study_tables import finding, headline, tables, tuned_table
from worldmodels.controller.controller import parameter_count
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError

STUDY = Study(
    title="",
    factors={
        "strategy": single_key("evolve_c.strategy", ("good", "bad")),
        "sigma": single_key("evolve_c.sigma", (0.1, 0.2)),
    },
    seeds=(0, 1, 2, 3, 4),
    minutes=1,
    reference="good",
    tuned="sigma",
    measures={"nll": "details/train_m.held_out_nll"},
    labels={"sigma": "step size", "nll": "NLL", "0.1": "small steps", "0.2": "large steps"},
)
GROUPED = msgspec.structs.replace(STUDY, tuned="", groups="sigma")
SIZES = msgspec.structs.replace(  # a step size chosen in each of two tables
    STUDY,
    factors={"units": single_key("evolve_c.hidden", (0, 8)), **STUDY.factors},
    groups="units",
    exclude=({"units": 8, "strategy": "bad", "sigma": 0.2},),
)
TRACKS = 20


def returns(strategy, sigma, seed):
    """0.1 is the best step size, but for the last seed of the good strategy."""
    level = {"good": 100, "bad": 90}[strategy] - 20 * (float(sigma) - 0.1)
    if (strategy, sigma, seed) == ("good", "0.2", 4):
        level = 150
    return [f"{level + track / 4:.2f}" for track in range(TRACKS)]


def write(path, study=STUDY, leave_out=None):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        tracks = (f"track_{number}" for number in range(TRACKS))
        writer.writerow(["commit", "seed", *study.factors, "nll", "off_track", *tracks])
        for seed in study.seeds:
            for cell in study.combinations([*study.factors]):
                varied = cell["strategy"], cell["sigma"]
                if (seed, *varied) != leave_out:
                    scores = returns(*varied, seed)
                    writer.writerow(["abc", seed, *cell.values(), 0.7 + seed, 1, *scores])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of STUDY, which is the only one."""
    folder = tmp_path / "studies" / "toy"
    folder.mkdir(parents=True)
    write(folder / "results.csv")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.setattr(study_reader, "ROOT", tmp_path)
    monkeypatch.setattr(study_results, "load_study", {"toy": STUDY}.get)
    return folder


@pytest.mark.parametrize("name", study_names())
def test_the_pages_in_git_are_what_is_written(name):
    written = (ROOT / PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert written == page(name), "run: python -m tools.study_pages"


@pytest.mark.parametrize("name", study_names())
def test_no_number_of_a_page_is_typed(name):
    template = (ROOT / "studies" / name / "page.md").read_text(encoding="utf-8")
    parts = string.Formatter().parse(template)
    typed = "".join(text for text, *_ in parts)
    assert not re.findall(r"\d", re.sub(r"\]\([^)]*\)", "]", typed))  # but for links


@pytest.mark.parametrize("name", study_names())
def test_the_list_of_studies_has_each_with_its_minutes(name):
    listed = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    assert f"| {load_study(name).minutes} | [{name}](studies/{name}.md) |" in listed


@pytest.mark.parametrize("name", study_names())
def test_a_file_of_results_is_small(name):
    text = (ROOT / "studies" / name / "results.csv").read_text()
    assert max(map(len, text.splitlines()[1:])) < 800  # of a C
    assert len(text) < 300_000


def test_labels_of_cs_say_how_many_numbers_they_have():
    study, params = load_study("strategies"), read_params(ROOT / "studies/strategies/params.yaml")
    features = params.train_v.z_size + params.train_m.hidden
    for label, options in study.factors["controller"].items():
        hidden = options["evolve_c.hidden"]
        numbers = parameter_count([features, *([hidden] if hidden else []), 2])
        assert study.label(label) == f"{numbers:,} numbers"
    linear, hidden = parameter_count([32 + 256, 3]), parameter_count([32, 40, 3])
    assert study.label("paper") == f"{linear:,} and {hidden:,} numbers"


def test_no_seed_chooses_the_step_size_by_its_own_returns(folder):
    steady, torn = np.full((2, 1), 6.0), np.array([[0.0], [10.0]])
    assert chosen_by_other_seeds({"steady": steady, "torn": torn}) == ["torn", "steady"]
    good = load_results("toy").groups[""]["good"]
    assert good.by_value["0.2"][4, 0] == 150
    assert good.chosen == ["0.1"] * 5
    np.testing.assert_allclose(good.scores[:, 0], 100)


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


def test_groups_of_which_the_same_is_found_are_named_together(folder):
    results = read_results(GROUPED, folder / "results.csv", "")
    assert finding(results) == "Small steps and large steps: bad returns less than good"
    small, large = results.groups.values()
    equal = {**large, "bad": replace(large["bad"], scores=large["good"].scores)}
    assert finding(replace(results, groups={"0.1": small, "0.2": equal})) == (
        "Small steps: bad returns less than good. Large steps: bad cannot be told from good"
    )


@pytest.mark.parametrize("study", [GROUPED, SIZES])
def test_a_figure_is_drawn_of_groups(folder, monkeypatch, study):
    monkeypatch.setattr(study_results, "load_study", {"toy": study}.get)
    write(folder / "results.csv", study)
    assert study_figure("toy").startswith(b"<?xml")


def test_a_group_has_the_values_of_the_tuned_factor_that_are_not_excluded(folder):
    write(folder / "results.csv", SIZES)
    results = read_results(SIZES, folder / "results.csv", "")
    assert list(results.groups["0"]["bad"].by_value) == ["0.1", "0.2"]
    assert list(results.groups["8"]["bad"].by_value) == ["0.1"]
    head, _, *_, last = tuned_table(results).splitlines()
    assert head == "| step size | 0.1 | 0.2 |"
    assert last == "| 8, bad | +92.4 | |"


def test_a_template_names_a_setting_in_its_group(folder, monkeypatch):
    monkeypatch.setattr(study_results, "load_study", {"toy": GROUPED}.get)
    (folder / "page.md").write_text(
        "# Title\n\n{difference[0.2][bad].value:+.1f}, {measures[0.1][good][nll]:.1f}, {finding}\n"
    )
    assert page("toy").splitlines()[-1].startswith("-10.6, 2.7 ± 1.6, Small steps and large")


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


def paired(results, *pairs):
    """The results of the good and the bad strategy, and of twins of them, with further pairs."""
    study = msgspec.structs.replace(
        STUDY,
        factors={"strategy": single_key("x", ("good", "bad", "twin", "worse")), "sigma": {}},
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


def test_a_difference_that_is_large_and_rare_is_no_finding(folder):
    """On half of the tracks a little better, on the others much worse."""
    results = load_results("toy")
    good, bad = results.groups[""].values()
    change = np.where(np.arange(TRACKS) % 2, 0.1, -30.0)
    settings = {"good": good, "bad": replace(bad, scores=good.scores + change)}
    results = replace(results, groups={"": settings})
    assert results.bootstrap.difference(settings["bad"].scores, good.scores).high < 0
    assert finding(results) == "Bad cannot be told from good"


def test_a_page_names_a_field_that_is_not_there(folder):
    (folder / "page.md").write_text("# Title\n\n{iqm[good]:+.1f} {nothing}\n")
    with pytest.raises(UserError, match=r"^studies/toy/page.md: no such field: 'nothing'"):
        page("toy")
    (folder / "page.md").write_text("# Title\n\n{iqm[good].value:+.1f} {params.seed}\n")
    assert page("toy").splitlines()[-1] == "+102.4 0"


def test_an_unfinished_study_is_left_out_and_the_pages_of_others_are_written(
    folder, monkeypatch, capsys
):
    (folder / "page.md").write_text("# Title\n\n{finding}.\n")
    for name in ("template", "results"):
        unfinished = folder.parent / f"no_{name}"
        shutil.copytree(folder, unfinished)
    (folder.parent / "no_results" / "results.csv").unlink()
    (folder.parent / "no_template" / "page.md").unlink()
    for name in ("toy", "no_results", "no_template"):
        (folder.parent / name / "study.yaml").touch()
    root = folder.parent.parent
    monkeypatch.setattr(study_pages, "ROOT", root)
    monkeypatch.setattr(study_results, "load_study", lambda _: STUDY)
    study_pages.main()
    assert [path.name for path in (root / PAGES).iterdir()] == ["toy.md"]
    printed = capsys.readouterr()
    assert printed.out == f"{PAGES}: toy\n"
    assert printed.err == (
        f"study_pages: left out: {folder.parent}/no_results/results.csv: no such file; 'make "
        "study-no_results' makes it, its page and its figure\n"
        f"study_pages: left out: {folder.parent}/no_template/page.md: no such file; "
        "docs/studies.md says what it has to have\n"
    )


def test_a_figure_of_an_unfinished_study_is_left_out(folder, monkeypatch, capsys):
    (folder / "results.csv").unlink()
    drawn = {"toy.svg": lambda: study_figure("toy"), "other.svg": lambda: b"<?xml"}
    monkeypatch.setattr(docs_figures, "DRAWN", drawn)
    monkeypatch.setattr(sys, "argv", ["", str(folder / "figures")])
    docs_figures.main()
    assert [path.name for path in (folder / "figures").iterdir()] == ["other.svg"]
    printed = capsys.readouterr()
    assert "'make study-toy' makes it" in printed.err
    assert printed.out.endswith("figures: other.svg\n")


LINE = "abc,3,bad,0.2,3.7,1,"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("\n" + LINE, "\n", "line 17: should have 26 values; found 20"),
        (
            LINE,
            "abc,4,bad,0.2,3.7,1,",
            "line 21: strategy bad, sigma 0.2, seed 4 has a line already",
        ),
        (
            LINE,
            "abc,3,bad,0.3,3.7,1,",
            r"line 17: sigma: should be a label of the study .0\.1, 0\.2.; found '0\.3'",
        ),
        (LINE, "abc,7,bad,0.2,3.7,1,", "line 17: seed: should be a label of .*; found '7'"),
        (LINE, "abc,3,bad,0.2,high,1,", "line 17: nll: should be a number; found 'high'"),
        (LINE, "abc,3,bad,0.2,nan,1,", "line 17: nll: should be a number; found 'nan'"),
        (LINE, "def,3,bad,0.2,3.7,1,", "commit: should be the same in all lines; found abc def"),
        (",nll,", ",mse,", "should have a column nll; found none"),
        (",track_19", ",extra", "column 'extra': is no factor or measure of the study"),
        (",track_19", ",track_18", "column 'track_18': is there twice"),
        (",track_", ",road_", "should have a column track_0; found none"),
    ],
)
def test_results_that_are_not_those_of_the_study_are_an_error_in_a_line(folder, old, new, problem):
    path = folder / "results.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    remedy = "; run 'python -m tools.dvc_pipelines && make study-toy'$"
    with pytest.raises(UserError, match=f"^{re.escape(str(path))}: {problem}{remedy}"):
        load_results("toy")


def test_results_without_a_c_or_with_an_excluded_one_name_it(folder):
    path = folder / "results.csv"
    write(path, leave_out=(3, "bad", "0.2"))
    with pytest.raises(UserError, match=r"have a line of strategy bad, sigma 0\.2, seed 3; found"):
        load_results("toy")
    write(path)
    excluding = msgspec.structs.replace(STUDY, exclude=({"strategy": "bad", "sigma": 0.2},))
    with pytest.raises(UserError, match=r"5: strategy bad, sigma 0\.2, seed 0 is excluded from"):
        read_results(excluding, path, "make study-toy")
    path.write_text("")
    with pytest.raises(UserError, match="should have a column commit; found none"):
        load_results("toy")
