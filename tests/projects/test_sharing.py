"""Clones that share results through a remote, as docs/dvc.md, "Sharing", has it, or by a cache."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command_tables import typed
from tests.support.documented_commands import type_in
from tests.support.sftp import sftp_server

OUTPUTS = ["data/rollouts.h5", "models/v.npz", "data/latents.h5", "models/m.npz", "models/c.npz"]
OUTPUTS += ["data/evaluation.h5", "reports/play.html"]


@dataclass(frozen=True)
class Remote:
    folder: Path  # where its objects lie
    leaves_out: tuple[str, ...]  # words of the commands in docs/dvc.md that are for another kind
    values: dict[str, str]  # word in docs/dvc.md -> what a user would write there
    login: str = ""  # lines of .dvc/config.local

    def object(self, content: bytes) -> Path:
        """The file in the remote that holds this content."""
        name = hashlib.md5(content).hexdigest()
        (path,) = self.folder.rglob(f"files/md5/{name[:2]}/{name[2:]}")
        return path


@pytest.fixture(scope="module", params=["directory", "ssh"])
def remote(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("remote")
    if request.param == "directory":
        values = {"/mnt/shared/world-models": str(folder)}
        yield Remote(folder, ("ssh:", "--local"), values)
        return
    pytest.importorskip("dvc_ssh", reason="DVC speaks SSH with dvc-ssh, which is not installed")
    key = tmp_path_factory.mktemp("key") / "key"
    with sftp_server(folder, key) as port:
        login = f"['remote \"shared\"']\n    user = someone\n    keyfile = {key}\n"
        values = {"ssh://host/srv/world-models": f"ssh://127.0.0.1:{port}/results"}
        values |= {"~/.ssh/id_ed25519": str(key), "user me": "user someone"}
        yield Remote(folder, ("/mnt/",), values, login)


@pytest.fixture(scope="module")
def shared(make_run_project, remote):
    """A project whose results are in the remote."""
    project = make_run_project()
    project.commit("run")
    commands = typed("docs/dvc.md", "Sharing")
    commands = [text for text in commands if not any(word in text for word in remote.leaves_out)]
    for word, value in remote.values.items():
        commands = [text.replace(word, value) for text in commands]
    *_, pushed = type_in(project, *commands)
    assert "15 files pushed" in pushed
    return project


@pytest.fixture
def clone(shared, remote, tmp_path):
    clone = shared.clone(tmp_path / "clone")
    clone.write(".dvc/config.local", remote.login)
    return clone


def test_a_clone_pulls_and_reproduces_without_running_a_stage(shared, clone):
    assert "15 files fetched" in clone.run("dvc", "pull").stdout
    assert "Data and pipelines are up to date." in clone.run("dvc", "repro").stdout
    for name in OUTPUTS:
        assert clone.read(name) == shared.read(name)
    assert clone.run("git", "status", "--short").stdout == ""


def test_a_damaged_object_is_named_and_made_anew(shared, remote, clone):
    damaged = remote.object(shared.read("models/m.npz"))
    whole = damaged.read_bytes()
    overwrite(damaged, whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])
    try:
        pulled = clone.run("dvc", "pull", check=False)
        assert pulled.returncode == 1
        assert "Checkout failed for following targets:\nmodels/m.npz\n" in pulled.stderr
        assert not (clone.folder / "models" / "m.npz").exists()
        assert clone.repro("evaluate") == ["train_m"]
        assert clone.read("models/m.npz") == shared.read("models/m.npz")
    finally:
        overwrite(damaged, whole)


def overwrite(path: Path, content: bytes) -> None:
    """As a failing disk does: the mode stays, by which DVC tells what it need not look at."""
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(mode)


def test_a_damaged_cache_is_mended_as_the_error_says(project):
    content = project.read("models/v.npz")
    name = hashlib.md5(content).hexdigest()
    cached = project.folder / ".dvc" / "cache" / "files" / "md5" / name[:2] / name[2:]
    for path in (cached, project.folder / "models" / "v.npz"):
        overwrite(path, content[:500] + bytes([content[500] ^ 1]) + content[501:])
    assert project.repro("train_v") == []  # DVC finds nothing
    error = project.run("dvc", "repro", "-f", "-s", "encode", check=False).stderr
    assert "models/v.npz: damaged" in error
    command = 'chmod -R u+w "$(dvc cache dir)"'
    assert f": {command}, and run it again" in error
    project.run("sh", "-c", command)
    assert project.repro("encode") == ["train_v"]
    assert project.read("models/v.npz") == content


@pytest.mark.slow
@pytest.mark.parametrize("remote", ["directory"], indirect=True)
def test_a_damaged_object_is_mended_by_a_push_once_it_is_gone(shared, remote):
    whole = remote.object(shared.read("models/c.npz"))
    overwrite(whole, b"")
    assert "Everything is up to date." in shared.run("dvc", "push").stdout
    whole.unlink()
    assert "1 file pushed" in shared.run("dvc", "push").stdout
    assert whole.read_bytes() == shared.read("models/c.npz")


@pytest.mark.slow
@pytest.mark.parametrize("remote", ["directory"], indirect=True)
def test_what_one_clone_changes_the_next_one_pulls(clone, tmp_path):
    clone.run("dvc", "pull")
    clone.replace("params.yaml", "generations: 8", "generations: 2")
    assert clone.repro() == ["evolve_c", "evaluate", "visualize", "play"]
    assert "files pushed" in clone.run("dvc", "push").stdout
    clone.commit("fewer generations")
    third = clone.clone(tmp_path / "third")
    third.run("dvc", "pull")
    assert third.repro() == []
    for name in OUTPUTS:
        assert third.read(name) == clone.read(name)


def test_a_clone_that_shares_the_cache_of_another_runs_no_stage(project, tmp_path):
    clone, cache = project.clone(tmp_path / "clone"), tmp_path / "cache"
    (project.folder / ".dvc" / "cache").rename(cache)  # as if a clone with the link had run
    commands = typed("docs/faq.md", "How do I share the cache?")
    type_in(clone, *(text.replace("/srv/world-models-cache", str(cache)) for text in commands))
    assert clone.repro() == []
    for name in OUTPUTS:
        assert clone.read(name) == project.read(name)
