"""What kinds of copies of the repository `make` works in, and what it says of the others."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.project import ROOT, Project


def check(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `make` runs first."""
    return subprocess.run(
        ["sh", ROOT / "tools/checkout.sh"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(folder: Path, **environment: str) -> str:
    """The one line with which it refuses."""
    result = check(folder, **environment)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    return line


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository with the attributes, the links and one file of each kind of this one."""
    folder = tmp_path_factory.mktemp("repository")
    project = Project(folder)
    (folder / "recipes/quick").mkdir(parents=True)
    (folder / "recipes/quick/stages").symlink_to("../../stages")
    for name in (".gitattributes", ".ci/run", "stages/collect.py", "params.yaml", "Makefile"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("reports/drive.gif", "reports/figures/coverage.png", "carracing/released/c.npz"):
        shutil.copy(ROOT / name, folder)
    project.run("git", "init", "-q")
    project.commit("start")
    return project


def test_a_clone_a_shallow_clone_and_a_worktree_are_fine(repository, tmp_path):
    repository.run("git", "clone", "-q", ".", str(tmp_path / "clone"))
    url = f"file://{repository.folder}"
    repository.run("git", "clone", "-q", "--depth", "1", url, str(tmp_path / "shallow"))
    repository.run("git", "worktree", "add", "-q", str(tmp_path / "worktree"))
    for name in ("clone", "shallow", "worktree"):
        result = check(tmp_path / name)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_zip_is_told_to_become_a_repository(repository, tmp_path):
    folder = tmp_path / "zip"
    shutil.copytree(repository.folder, folder, symlinks=True, ignore=lambda *_: [".git"])
    assert "is not a git repository (a ZIP is none)" in refusal(folder)
    Project(folder).run("git", "init", "-q")
    assert check(folder).returncode == 0


def test_the_folder_of_another_user_is_refused_with_the_command_that_trusts_it(repository):
    line = refusal(repository.folder, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert line.endswith(f"git config --global --add safe.directory '{repository.folder}'")


def test_a_folder_whose_name_is_no_utf_8_is_refused(repository, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system has names in UTF-8 alone")
    repository.run("git", "clone", "-q", ".", str(folder))
    assert "no UTF-8" in refusal(folder)


def test_a_persons_gitignore_that_dvc_would_stumble_over_is_named(repository, tmp_path):
    (tmp_path / "ignore").write_text("*.h5\n*.lock\n")
    (tmp_path / "config").write_text(f"[core]\n excludesFile = {tmp_path}/ignore\n")
    line = refusal(repository.folder, GIT_CONFIG_GLOBAL=str(tmp_path / "config"))
    assert line.endswith(f"remove it: {tmp_path}/ignore:2:*.lock\tdvc.lock")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_refused(repository, tmp_path):
    repository.run("git", "clone", "-q", ".", str(tmp_path / "clone"))
    (tmp_path / "clone").chmod(0o555)
    assert refusal(tmp_path / "clone").startswith("This folder cannot be written to")
    (tmp_path / "clone").chmod(0o755)


def test_a_machine_without_git_is_told_to_install_it(repository, tmp_path):
    (tmp_path / "sh").symlink_to(str(shutil.which("sh")))
    assert refusal(repository.folder, PATH=str(tmp_path)).startswith("git is not there")


def test_a_clone_without_links_is_told_how_to_get_them(repository, tmp_path):
    repository.run("git", "clone", "-q", "-c", "core.symlinks=false", ".", str(tmp_path / "clone"))
    line = refusal(tmp_path / "clone")
    assert line.startswith("recipes/quick/stages is not a link to a folder: ")
    Project(tmp_path / "clone").run("sh", "-c", line.split(": ")[1])
    assert check(tmp_path / "clone").returncode == 0


@pytest.mark.parametrize("setting", ["core.autocrlf=true", "core.eol=crlf", "core.autocrlf=input"])
def test_every_clone_has_the_same_bytes_whatever_git_is_set_to(repository, tmp_path, setting):
    repository.run("git", "clone", "-q", "-c", setting, ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    names = clone.run("git", "ls-files").stdout.split()
    assert len(names) == 9
    for name in names:
        path = repository.folder / name
        assert path.is_symlink() or clone.read(name) == repository.read(name), name
    assert clone.run("git", "status", "--porcelain").stdout == ""


def test_every_kind_of_file_that_is_no_text_is_marked(tmp_path):
    """git guesses from the first 8,000 bytes; a picture or an array must not hang on that."""
    listed = subprocess.run(
        ["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    guessed = [line for line in listed if "i/-text" in line and "attr/-text" not in line]
    assert not guessed


def test_copies_of_the_code_in_place_of_links_are_said_with_the_command_that_mends_them(
    repository, tmp_path
):
    clone = Project(tmp_path / "clone")
    repository.run("git", "clone", "-q", ".", str(clone.folder))
    link = clone.folder / "recipes/quick/stages"
    link.unlink()
    shutil.copytree(clone.folder / "stages", link)
    line = refusal(clone.folder)
    assert line.startswith("recipes/quick/stages is a copy of the code, not the link to it: ")
    clone.run("sh", "-c", line.split(": ")[1])
    assert link.is_symlink()
    assert check(clone.folder).returncode == 0
