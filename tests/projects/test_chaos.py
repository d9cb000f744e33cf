"""`make chaos`: stages, and CarRacing's rounds, are killed at random moments; nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.project import ROOT, Project
from tools.carracing_pipeline import carracing_pipeline

STAGES = ["collect", "train_v", "encode", "train_m", "evolve_c", "evaluate", "visualize", "play"]
MOMENTS = 10  # for each stage
LONGER = {  # than the quick recipe, so that there is something to go on with
    "  episodes: 12\n": "  episodes: 60\n",
    "  epochs: 2\n  learning_rate: 0.002": "  epochs: 60\n  learning_rate: 0.002",
    "  epochs: 2\n  learning_rate: 0.005": "  epochs: 60\n  learning_rate: 0.005",
    "  generations: 8\n": "  generations: 60\n",
}


@pytest.fixture(scope="module")
def undisturbed(make_project):
    """A project in which all has run once, how long each stage took, and what came of it."""
    project = make_project()
    for old, new in LONGER.items():
        project.replace("params.yaml", old, new)
    seconds = {}
    for stage in STAGES:
        start = time.monotonic()
        project.run("dvc", "repro", "-s", stage)
        seconds[stage] = time.monotonic() - start
    project.commit("as it should be")
    return project, seconds, outputs(project)


def outputs(project) -> dict[str, bytes]:
    """Everything that stages write, by path; not what has a temporary name, which git does not see
    and the next run of the same stage clears away.
    """
    folders = [project.folder / name for name in ("data", "models", "reports")]
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    paths = [path for path in paths if path.suffix != ".tmp"]
    found = {str(path.relative_to(project.folder)): path.read_bytes() for path in paths}
    return found | {"dvc.lock": project.read("dvc.lock")}


def kill_after(project, seconds: float, *arguments: str) -> bool:
    """Run `dvc repro`, and kill it, its stage and workers after so many seconds; did it come to
    that?
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        ["dvc", "repro", "-f", *arguments],
        cwd=project.folder,
        env={**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def mend_what_dvc_left(project, lock: bytes) -> None:
    """DVC writes two files in place. Killed in that moment it names the one that it cannot read;
    here is done what README says of that.
    """
    if project.read("dvc.lock") != lock:
        project.run("git", "checkout", "--", "dvc.lock")
    (project.folder / ".dvc" / "tmp" / "rwlock").unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(MOMENTS))
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_is_killed_leaves_all_old_or_all_new_and_is_made_good(
    undisturbed, stage, moment
):
    project, seconds, expected = undisturbed
    rng = np.random.default_rng([STAGES.index(stage), moment])
    killed = kill_after(project, rng.uniform(0.1, 1) * seconds[stage], "-s", stage)
    for path, content in outputs(project).items():
        if path != "dvc.lock":
            assert content == expected[path], f"{path} is neither whole nor gone"
    mend_what_dvc_left(project, expected["dvc.lock"])
    project.run("dvc", "repro", "--no-run-cache")
    assert outputs(project) == expected
    if killed:
        left = project.folder / ".scratch"
        assert not left.exists() or not list(left.rglob("*.npz"))


@pytest.fixture(scope="module")
def carracing_rounds(make_project):
    """CarRacing's project in which two rounds have run, how long they took, and their models."""
    for module in ("gymnasium", "Box2D", "pygame"):
        pytest.importorskip(module, reason="needs requirements-carracing.txt")
    root = make_project(subprojects=True)
    project = Project(root.folder / "carracing")
    pipeline = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    project.write("dvc.yaml", carracing_pipeline(pipeline, 1, lambda _: {}))
    quick = ROOT / "tests" / "support" / "carracing_quick.yaml"
    project.write("params.yaml", quick.read_text(encoding="utf-8"))
    start = time.monotonic()
    project.run("dvc", "repro", "finetune_c")
    seconds = time.monotonic() - start
    project.commit("as it should be")
    return project, seconds, models(project)


def models(project) -> dict[str, bytes]:
    """All tables and models of the rounds, by path; reports hold costs, which differ."""
    folders = ("rounds", "models")
    paths = [
        path
        for folder in folders
        for end in ("h5", "npz")
        for path in (project.folder / folder).glob(f"**/*.{end}")
    ]
    return {str(path.relative_to(project.folder)): path.read_bytes() for path in paths}


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_rounds_that_are_killed_end_with_the_same_models(carracing_rounds, moment):
    project, seconds, expected = carracing_rounds
    assert len(expected) == 2 * 5 + 1
    rng = np.random.default_rng([len(STAGES), moment])
    kill_after(project, rng.uniform(0.05, 1) * seconds, "finetune_c")
    for path, content in models(project).items():
        assert content == expected[path], f"{path} is neither whole nor gone"
    mend_what_dvc_left(project, project.run("git", "show", "HEAD:./dvc.lock").stdout.encode())
    project.run("dvc", "repro", "--no-run-cache", "finetune_c")
    assert models(project) == expected
