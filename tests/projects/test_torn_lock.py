"""A dvc.lock that DVC has left torn is restored from git, and said."""

import sys

import pytest

from tests.support.project import ROOT
from tools.restore_locks import is_torn, restore


@pytest.fixture(scope="module")
def locked(make_project):
    project = make_project(subprojects=True)
    lock = (ROOT / "dvc.lock").read_text(encoding="utf-8")
    for path in ("dvc.lock", "recipes/quick/dvc.lock"):
        project.write(path, lock)
    project.commit("locks")
    return project, lock


@pytest.fixture
def repository(locked):
    """A repository with two locks, which are whole again afterwards."""
    yield locked
    project, _ = locked
    project.run("git", "checkout", "-q", ".")


@pytest.mark.parametrize(
    "torn", ["", "schema", "schema: '2.0'\nstages:\n  collect: {cmd: [", "null\n"]
)
def test_a_torn_lock_is_restored(repository, torn):
    project, lock = repository
    project.write("recipes/quick/dvc.lock", torn)
    assert is_torn(project.folder / "recipes/quick/dvc.lock")
    assert restore(project.folder) == ["recipes/quick/dvc.lock"]
    assert project.read("recipes/quick/dvc.lock").decode() == lock
    assert restore(project.folder) == []


@pytest.mark.parametrize("end", ["    hash:", "      size: ", "      md5: 7", "    - path"])
def test_a_lock_that_is_cut_in_an_entry_is_restored(repository, end):
    project, lock = repository  # what is left is YAML, but DVC refuses it
    project.write("dvc.lock", lock[: lock.index(end) + len(end)])
    assert restore(project.folder) == ["dvc.lock"]


def test_a_lock_that_is_only_changed_stays_as_it_is(repository):
    project, lock = repository
    project.write("dvc.lock", lock + "# changed\n")
    assert restore(project.folder) == []
    assert project.read("dvc.lock").decode() == lock + "# changed\n"


def test_a_lock_with_a_merge_conflict_stays_and_is_said(repository):
    project, lock = repository
    branch = project.run("git", "branch", "--show-current").stdout.strip()
    project.run("git", "checkout", "-q", "-b", "other")
    project.write("dvc.lock", lock.replace("size: ", "size: 1"))
    project.commit("theirs")
    project.run("git", "checkout", "-q", branch)
    project.write("dvc.lock", lock.replace("size: ", "size: 2"))
    project.commit("ours")
    try:
        assert project.run("git", "merge", "other", check=False).returncode
        conflict = project.read("dvc.lock")
        assert is_torn(project.folder / "dvc.lock")
        result = project.run(sys.executable, "-m", "tools.restore_locks", check=False)
        assert result.stderr.startswith("dvc.lock has a merge conflict: take a side (git checkout ")
        assert project.read("dvc.lock") == conflict
        assert project.run("git", "ls-files", "--unmerged").stdout
    finally:
        project.run("git", "reset", "-q", "--hard", f"{branch}~1")


def test_make_says_what_it_has_restored(repository):
    project, lock = repository
    project.write("dvc.lock", "")
    result = project.run(sys.executable, "-m", "tools.restore_locks")
    assert result.stderr == (
        "dvc.lock was torn (DVC was killed while writing it): restored from git\n"
    )
    assert project.read("dvc.lock").decode() == lock
    makefile = (ROOT / "Makefile").read_text()
    assert "repro: locks" in makefile
    assert "test: locks" in makefile
