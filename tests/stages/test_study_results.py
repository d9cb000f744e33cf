"""The table of a study: what stands in it, and which version of the code it names."""

import csv
import shutil
import subprocess
import sys

import numpy as np
import pytest

from stages.study_results import code_commit
from tests.support.project import ROOT, Project
from tests.support.valid_files import make_valid_files
from worldmodels.pipeline.storage.artifacts import EvaluationEpisodes

CELLS = [f"cells/seed={seed}/strategy=cma_es/sigma=0.1" for seed in (0, 1)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a study in a repository, with two cells of the same episodes."""
    folder = tmp_path_factory.mktemp("study")
    make_valid_files(folder)
    project = Project(folder)
    project.run("git", "init", "-q")
    for name in ("stages", "worldmodels"):
        (folder / name).mkdir()
        project.write(f"{name}/code.py", "1\n")
    (folder / "worldmodels" / "figures").mkdir()
    project.commit("code")
    for cell in CELLS:
        (folder / cell / "data").mkdir(parents=True)
        shutil.copy(folder / "evaluation.h5", folder / cell / "data")
    return folder


def run(folder, *cells):
    command = [sys.executable, "-m", "stages.study_results", "results.csv", *cells]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_line_has_the_settings_and_the_return_of_each_track(folder, monkeypatch):
    assert run(folder, *CELLS).returncode == 0
    with (folder / "results.csv").open() as file:
        first, second = csv.DictReader(file)
    monkeypatch.chdir(folder)
    assert first["commit"] == code_commit()
    assert first | {"seed": "1"} == second
    assert (first["seed"], first["strategy"], first["sigma"]) == ("0", "cma_es", "0.1")
    episodes = EvaluationEpisodes.read(folder / "evaluation.h5")
    of_c = episodes.by_controller
    assert int(first["off_track"]) == episodes.terminated[of_c].sum()
    sums = np.add.reduceat(episodes.rewards, np.cumsum([0, *episodes.lengths[:-1]]))
    found = [value for name, value in first.items() if name.startswith("track_")]
    assert 0 < len(found) < len(of_c)
    np.testing.assert_allclose(np.array(found, float), sums[of_c], atol=0.006)


def test_a_line_has_the_numbers_of_reports_that_a_file_names(folder):
    reports = folder / "cells" / "seed=0" / "reports" / "details"
    own = folder / CELLS[0] / "reports" / "metrics"
    for path in (reports, own):
        path.mkdir(parents=True)
    (reports / "train_m.json").write_text('{"held_out_nll": 0.75}')
    (own / "evaluate.json").write_text('{"controller": {"lap_fraction": 1.5}}')
    (folder / "study.yaml").write_text(
        "measures:\n  nll: details/train_m.held_out_nll\n"
        "  laps: metrics/evaluate.controller.lap_fraction\n"
    )
    assert run(folder, CELLS[0], "--measures", "study.yaml").returncode == 0
    (line,) = csv.DictReader((folder / "results.csv").read_text().splitlines())
    assert (line["sigma"], line["nll"], line["laps"]) == ("0.1", "0.75", "1.5")
    ended = run(folder, CELLS[1], "--measures", "study.yaml")
    assert f"{CELLS[1]}/reports/details/train_m.json: no such file" in ended.stderr
    (own.parent / "curves").mkdir()
    (own.parent / "curves" / "train_v.csv").write_text(
        "epoch,train,held_out,baseline\n1,3,5,9\n2,2,2,9\n"
    )
    (folder / "study.yaml").write_text("measures: {loss: curves/train_v.held_out}\n")
    assert run(folder, CELLS[0], "--measures", "study.yaml").returncode == 0
    (line,) = csv.DictReader((folder / "results.csv").read_text().splitlines())
    assert line["loss"] == "3.5"
    (folder / "study.yaml").write_text("measures: {loss: curves/train_v.mean}\n")
    ended = run(folder, CELLS[0], "--measures", "study.yaml")
    assert "train_v.csv: has epoch, train, held_out, baseline, but no column 'mean'" in ended.stderr
    (folder / "study.yaml").write_text("measures: [nll]\n")
    ended = run(folder, CELLS[0], "--measures", "study.yaml")
    assert "study.yaml: measures: should have lines such as 'nll: details" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_folders_of_different_settings_make_no_table(folder):
    other = folder / "cells" / "seed=2"
    shutil.copytree(folder / CELLS[0], other, dirs_exist_ok=True)
    ended = run(folder, CELLS[0], "cells/seed=2")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "the folders are of different settings" in ended.stderr


def test_a_missing_file_is_named(folder):
    ended = run(folder, "cells/seed=7")
    assert ended.returncode == 1
    assert "cells/seed=7/data/evaluation.h5: no such file" in ended.stderr


def test_the_commit_is_that_of_the_code_and_not_of_docs_or_figures(folder, monkeypatch):
    monkeypatch.chdir(folder / "cells")
    project, commit = Project(folder), code_commit()
    for name in ("docs.md", "worldmodels/figures/plot.py", "stages/visualize_study.py"):
        project.write(name, "2\n")
        project.commit(name)
        assert code_commit() == commit
    project.write("worldmodels/code.py", "2\n")
    assert code_commit() == f"{commit}-dirty"
    project.commit("code")
    assert code_commit() not in (commit, f"{commit}-dirty")


def test_without_git_it_says_what_is_missing(folder, tmp_path):
    shutil.copytree(folder / "cells", tmp_path / "cells")
    shutil.copy(folder / "params.yaml", tmp_path)
    ended = run(tmp_path, CELLS[0])
    assert ended.returncode == 1
    assert "git status: cannot say which version of the code this is" in ended.stderr
    assert "Traceback" not in ended.stderr
