"""Released agents: what is in their folders, and how they are released and got."""

import hashlib
import json
import re

import pytest

from tests.support.command_tables import typed
from tests.support.documented_commands import type_in
from tests.support.project import ROOT, Project
from tests.support.released_agents import (
    OF_A_RECIPE,
    PROJECTS,
    card,
    code,
    read_json,
    released,
    table,
)
from tools.fast_yaml import parse_yaml

MAX_BYTES = 3_500_000  # of a folder, all in git


@pytest.mark.parametrize("project", PROJECTS)
def test_agent_json_has_the_environment_of_the_params_and_the_cards_version(project):
    found = read_json(project, "agent.json")
    env = parse_yaml((ROOT / project / "params.yaml").read_text())["env"]
    assert found == {"format": 1, "version": found["version"], "env": env}
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    assert card(project).splitlines()[0].endswith(f", version {found['version']}")


@pytest.mark.parametrize("project", OF_A_RECIPE)
def test_what_is_released_is_what_dvc_lock_says(project):
    stages = parse_yaml((ROOT / project / "dvc.lock").read_text())["stages"].values()
    outputs = {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}
    paths = {name: f"models/{name}" for name in ("v.npz", "m.npz", "c.npz")}
    for name, path in (paths | {"evaluate.json": "reports/details/evaluate.json"}).items():
        md5 = hashlib.md5((released(project) / name).read_bytes()).hexdigest()
        assert md5 == outputs[path], f"release it: python -m tools.release_agent {project} VERSION"


@pytest.mark.parametrize("project", PROJECTS)
def test_a_released_folder_is_small_and_in_git(project):
    names = ["README.md", "agent.json", "evaluate.json", "v.npz", "m.npz", "c.npz", "dvc.yaml"]
    paths = [f"{project}/released/{name}" for name in names]
    checked = Project(ROOT).run("git", "check-ignore", "--no-index", *paths, check=False)
    assert (checked.stdout, checked.stderr) == ("", "")
    files = [path for path in released(project).iterdir() if path.name != "evaluation.h5"]
    assert {*names} <= {path.name for path in files}
    assert sum(path.stat().st_size for path in files if path.is_file()) < MAX_BYTES


@pytest.fixture(scope="module")
def repository(make_run_project) -> Project:
    """A repository whose reference pipeline has run, with the agents that are released here."""
    project = make_run_project()
    tracked = Project(ROOT).run("git", "ls-files", "-co", "--exclude-standard", "-z", *PROJECTS)
    for name in tracked.stdout.split("\0"):
        if "/released/" in name:
            (project.folder / name).parent.mkdir(exist_ok=True)
            (project.folder / name).write_bytes((ROOT / name).read_bytes())
    project.commit("released")
    return project


@pytest.mark.parametrize(
    "project",
    [
        "recipes/dream",
        pytest.param("recipes/paper", marks=pytest.mark.slow),
        pytest.param("carracing", marks=pytest.mark.slow),
    ],
)
def test_the_command_of_a_card_comes_to_its_score_again(project, repository):
    if project == "carracing":
        pytest.importorskip("gymnasium", reason="an extra")
    *_, printed = type_in(repository, *code(project, "sh").splitlines())
    found = Project(repository.folder / project / "released")
    assert found.read("reports/details/evaluate.json") == found.read("evaluate.json")
    number, _, error = table(project)["mean return ± standard error"][0].strip("*").split()
    assert f"C returns {number} +- {error} in 100 episodes" in printed


def test_dvc_sees_no_more_stages_nor_metrics_for_a_released_agent(repository):
    project = Project(repository.folder / "recipes/dream")
    assert "released" not in project.run("dvc", "stage", "list", "--all").stdout
    assert "released" not in project.run("dvc", "status", check=False).stdout


def test_an_agent_is_released_and_got_as_the_page_says(repository, tmp_path):
    """With the quick recipe in place of `dream`; its models come from the cache."""
    repository.run("git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "shared.git"))
    repository.run("git", "remote", "add", "origin", str(tmp_path / "shared.git"))
    commands = [
        text.replace("recipes/dream", "recipes/quick").replace(
            "URL", f"file://{tmp_path}/shared.git"
        )
        for text in typed("docs/dvc.md", "Released agents")
    ]
    release, get = commands[:-1], commands[-1]
    printed = type_in(repository, *release)
    assert "recipes/quick/released: version 1.0.0, " in "".join(printed)
    user = Project(tmp_path)
    (got,) = type_in(user, get)
    assert "to 'dream_agent'" in got
    clone = Project(tmp_path / "clone")
    user.run("git", "clone", "-q", "shared.git", "clone")
    clone.run("dvc", "artifacts", "get", ".", "recipes/quick/released:agent", "-o", "again")
    assert re.search(r"recipes/quick/released:agent .* v1\.0\.0 ", clone.run("gto", "show").stdout)
    names = {path.name for path in (tmp_path / "dream_agent").iterdir()}
    expected = {"v.npz", "m.npz", "c.npz", "agent.json", "evaluate.json", "dream_starts.npz"}
    assert names == expected | {".gitignore"}
    for name in names:
        content = repository.read(f"recipes/quick/released/{name}")
        assert (tmp_path / "dream_agent" / name).read_bytes() == content
        assert clone.read(f"again/{name}") == content
    assert repository.read("models/c.npz") == clone.read("again/c.npz")
    assert json.loads(clone.read("again/agent.json"))["version"] == "1.0.0"
    again = repository.run(*release[4].split(), check=False).stderr
    assert again.startswith("release_agent: version 1.0.0: git has its tag recipes/quick/released=")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("recipes/quick", "1.0"), "version '1.0': should be three numbers, as 1.0.0"),
        (("recipes/nope", "1.0.0"), "recipes/nope/params.yaml: no such file"),
        (("recipes/unseen", "1.0.0"), "recipes/unseen/models/v.npz: no such file; stage train_v"),
        (("..", "1.0.0"), "..: should be a folder of this repository, as recipes/dream"),
    ],
)
def test_what_cannot_be_released_is_refused_in_a_line(repository, arguments, sentence):
    refused = repository.run("python", "-m", "tools.release_agent", *arguments, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"release_agent: {sentence}")
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "damage", "sentence"),
    [
        (
            "models/c.npz",
            lambda _: (released("recipes/dream") / "c.npz").read_bytes(),
            "models/c.npz: is not what dvc.lock says; run 'dvc repro' in .",
        ),
        (
            "params.yaml",
            lambda text: text.replace(b"max_steps: 120", b"max_steps: 60"),
            "params.yaml: env: is not what dvc.lock says; run 'dvc repro' in .",
        ),
        (
            "dvc.lock",
            lambda text: text[:100],
            "dvc.lock: is empty or cut; run 'python -m tools.restore_locks'",
        ),
    ],
    ids=["models", "params", "lock"],
)
def test_what_is_not_of_one_run_is_not_released(repository, name, damage, sentence):
    path = repository.folder / name
    content = path.read_bytes()
    path.unlink()  # it may be a link into the cache
    path.write_bytes(damage(content))
    try:
        refused = repository.run("python", "-m", "tools.release_agent", ".", "1.0.0", check=False)
    finally:
        path.write_bytes(content)
    assert refused.stderr == f"release_agent: {sentence}\n"
    assert not (repository.folder / "released").exists()
