"""A project in rounds with another training seed."""

import shutil
import subprocess
import sys

import pytest

from tests.support.project import ROOT
from tools import training_seed
from tools.training_seed import clone, copy_reports, seed_folders
from worldmodels.pipeline.errors import UserError

IDENTITY = ["-c", "user.name=a", "-c", "user.email=a@b"]
FILES = {
    "carracing/params.yaml": "# 28 x 32\nseed: 1\nenv:\n  seed: 3\n",
    "carracing/reports/metrics/evaluate.json": "{}",
    "carracing/reports/figures/rounds.png": "",
    "carracing/ablations/z/reports/metrics/evaluate.json": "{}",
}


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    commit(folder)
    return folder


def commit(repository):
    for command in (["add", "."], ["commit", "-qm", "files"]):
        subprocess.run(["git", *IDENTITY, *command], cwd=repository, check=True)


def test_a_clone_differs_in_the_seed_alone_and_stays(repository):
    folder = clone(repository, "carracing", 7)
    params = folder / "carracing/params.yaml"
    expected = FILES["carracing/params.yaml"].replace("seed: 1", "seed: 7")
    assert params.read_text() == expected
    (folder / "result").touch()
    assert clone(repository, "carracing", 7) == folder
    assert (folder / "result").exists()  # a run that was stopped goes on
    assert (repository / "carracing/params.yaml").read_text() == FILES["carracing/params.yaml"]


def test_a_clone_of_other_code_is_refused_and_one_before_other_commits_goes_on(repository):
    folder = clone(repository, "carracing", 7)
    (repository / "README.md").write_text("text")
    commit(repository)
    assert clone(repository, "carracing", 7) == folder
    (repository / "stages").mkdir()
    (repository / "stages/evaluate.py").write_text("code")
    commit(repository)
    with pytest.raises(UserError, match=f"^{folder}: has the code of commit .* has changed since;"):
        clone(repository, "carracing", 7)
    assert folder.exists()


def test_folders_of_seeds_are_those_whose_names_are_numbers(tmp_path):
    shutil.copy(ROOT / "carracing/params.yaml", tmp_path)
    for name in ("10", "2", "2-old"):
        (tmp_path / "seeds" / name).mkdir(parents=True)
    seeds = seed_folders(tmp_path)
    assert [*seeds] == [1, 2, 10]
    assert (seeds[1], seeds[10]) == (tmp_path, tmp_path / "seeds/10")


def test_params_without_a_seed_are_refused_and_no_clone_is_left(repository, monkeypatch):
    monkeypatch.setattr(training_seed, "SEED", training_seed.re.compile("^sed: "))
    monkeypatch.setattr(training_seed, "ROOT", repository)
    monkeypatch.setattr(sys, "argv", ["training_seed", "carracing", "7"])
    problem = "carracing/params.yaml: seed: should be one line 'seed: NUMBER'; found 0 such lines"
    with pytest.raises(SystemExit, match=f"^training_seed: {problem}$"):
        training_seed.main()
    assert not (repository / ".scratch/carracing-seed-7").exists()


def test_a_run_that_fails_ends_with_the_status_of_dvc(repository, monkeypatch):
    monkeypatch.setattr(training_seed, "ROOT", repository)
    monkeypatch.setattr(sys, "argv", ["training_seed", "carracing", "7"])
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(SystemExit) as ended:
        training_seed.main()
    assert ended.value.code == 1
    assert not (repository / "carracing/seeds").exists()


def test_what_a_run_has_written_is_copied_and_nothing_of_the_shipped_seed(repository):
    folder = clone(repository, "carracing", 7)
    (folder / "carracing/reports/metrics/evaluate.json").write_text('{"mean_return": 900}')
    (folder / "carracing/reports/figures/rounds.png").write_text("picture")
    new = folder / "carracing/ablations/untrained/reports/metrics/evaluate.json"
    new.parent.mkdir(parents=True)
    new.write_text("{}")
    copies = copy_reports(folder, repository, "carracing", 7)
    reports = repository / "carracing/seeds/7"
    assert set(copies) == {
        reports / "reports/metrics/evaluate.json",
        reports / "ablations/untrained/reports/metrics/evaluate.json",
    }
    assert (reports / "reports/metrics/evaluate.json").read_text() == '{"mean_return": 900}'
