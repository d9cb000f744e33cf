"""The pages of studies: their numbers are those of the tables in git."""

import re
import shutil
import string
import sys

import msgspec
import pytest

from tests.support.project import ROOT
from tests.support.toy_study import GROUPED, SIZES, STUDY, write
from tools import docs_figures, study_pages, study_results
from tools.study_pages import PAGES, page, study_figure
from tools.study_reader import load_study, study_names
from worldmodels.controller.controller import parameter_count
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError


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


@pytest.mark.parametrize("study", [GROUPED, SIZES])
def test_a_figure_is_drawn_of_groups(folder, monkeypatch, study):
    monkeypatch.setattr(study_results, "load_study", {"toy": study}.get)
    write(folder / "results.csv", study)
    assert study_figure("toy").startswith(b"<?xml")


def test_a_figure_has_the_names_and_the_numbers_of_its_study(folder, monkeypatch):
    study = msgspec.structs.replace(GROUPED, labels={"return": "tics alive"}, number=",.0f")
    monkeypatch.setattr(study_results, "load_study", {"toy": study}.get)
    figure = study_figure("toy").decode()
    assert "<!-- tics alive -->" in figure
    assert re.search(r"<!-- bad: \d+ -->", figure)


def test_a_template_names_a_setting_in_its_group(folder, monkeypatch):
    monkeypatch.setattr(study_results, "load_study", {"toy": GROUPED}.get)
    (folder / "page.md").write_text(
        "# Title\n\n{difference[0.2][bad].value:+.1f}, {measures[0.1][good][nll]:.1f}, {finding}\n"
    )
    assert page("toy").splitlines()[-1].startswith("-10.6, 2.7 ± 1.6, Small steps and large")


def test_a_field_that_is_wrong_is_named(folder):
    path = folder / "page.md"
    for field, problem in [
        ("nothing", "'nothing'"),
        ("iqm[worse]", "'worse'"),
        ("params.sed", ".*has no attribute 'sed'"),
        ("finding[999]", "string index out of range"),
        ("seeds:q", "Unknown format code 'q' .*"),
    ]:
        path.write_text(f"# Title\n\n{{iqm[good]:+.1f}} {{{field}}}\n")
        message = f"^{re.escape(str(path))}: a field is wrong: {problem}; 'fields' in tools/"
        with pytest.raises(UserError, match=message):
            page("toy")
    path.write_text("# Title\n\n{iqm[good].value:+.1f} {params.seed}\n")
    assert page("toy").splitlines()[-1] == "+102.4 0"
    path.write_text("# {iqm[good].value:+.1f}")
    assert page("toy").splitlines()[0] == "# +102.4"


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
    monkeypatch.setattr(sys, "argv", [""])
    study_pages.main()
    assert [path.name for path in (root / PAGES).iterdir()] == ["toy.md"]
    printed = capsys.readouterr()
    assert printed.out == f"{PAGES}: toy\n"
    assert printed.err == (
        f"study_pages: left out: {folder.parent}/no_results/results.csv: no such file; run "
        "'python -m tools.dvc_pipelines && make study-no_results'\n"
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
    assert "run 'python -m tools.dvc_pipelines && make study-toy'\n" in printed.err
    assert printed.out.endswith("figures: other.svg\n")
