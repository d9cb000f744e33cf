"""`make chaos`: stages, and rounds of CarRacing and Doom, are killed; nothing is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.round_projects import carracing_project, doom_project, models

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


@pytest.fixture(scope="module", params=["carracing", "doom"])
def two_rounds(request, make_project):
    """A project in which two rounds have run, what to run, how long it took, and its models."""
    packages = {"carracing": ("gymnasium", "Box2D", "pygame"), "doom": ("vizdoom",)}
    for module in packages[request.param]:
        pytest.importorskip(module, reason=f"needs requirements-{request.param}.txt")
    if request.param == "carracing":
        project, target, more = carracing_project(make_project, 1), "finetune_c", 1
    else:
        project, target, more = doom_project(make_project, 1), "evaluate_finetuned", 2
    start = time.monotonic()
    project.run("dvc", "repro", target)
    seconds = time.monotonic() - start
    project.commit("as it should be")
    expected = models(project)
    assert len(expected) == 2 * 5 + more
    return project, target, seconds, expected


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_rounds_that_are_killed_end_with_the_same_models(two_rounds, moment):
    project, target, seconds, expected = two_rounds
    rng = np.random.default_rng([len(STAGES), moment])
    kill_after(project, rng.uniform(0.05, 1) * seconds, target)
    for path, content in models(project).items():
        assert content == expected[path], f"{path} is neither whole nor gone"
    mend_what_dvc_left(project, project.run("git", "show", "HEAD:./dvc.lock").stdout.encode())
    # Without -f, DVC takes what the killed stage would have made from its cache; none would go on.
    project.run("dvc", "repro", "-f", "--no-run-cache", target)
    assert models(project) == expected
