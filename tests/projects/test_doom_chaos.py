"""`make chaos`: each of Doom's stages is killed, with DVC and engines; nothing is lost or left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.support.doom import engine_processes, needs_vizdoom, shared_files, wait_until
from tests.support.project import USER
from tests.support.round_projects import doom_project

PLAYING = [  # stages with engines
    *("collect@1", "train_c@1", "evaluate", "evaluate_controls", "visualize_doom"),
    "train_c_finetuned",
]
STAGES = ["train_v@1", "encode@1", "train_m@1", "forecast_ends", *PLAYING]
LAST = ("visualize_doom", "train_c_finetuned")  # which all others come before
LONGER = {  # than the quick recipe, so that there is something to go on with
    "train_v": {"epochs": 30},
    "train_m": {"epochs": 30},
    "train_c": {"iterations": 12},
}


def outputs(project) -> dict[str, bytes]:
    """All that stages have written, by path, but for costs, and what has a temporary name."""
    folders = [project.folder / name for name in ("rounds", "data", "reports", "finetuned")]
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(project.folder)): path.read_bytes()
        for path in paths
        if path.suffix != ".tmp" and "cost" not in path.parts and path.name != ".gitignore"
    }


@pytest.fixture(scope="module")
def undisturbed(make_project):
    """A project of two rounds in which all has run once, how long stages took, and what came."""
    project = doom_project(make_project, params=LONGER)
    project.run("dvc", "repro", *LAST)
    seconds = {}
    for stage in set(STAGES) - set(PLAYING):
        start = time.monotonic()
        project.run("dvc", "repro", "-f", "-s", stage)
        seconds[stage] = time.monotonic() - start
    project.commit("as it should be")
    return project, seconds, outputs(project)


def kill(project, stage: str, seconds: float | None, rest: float, temporary: Path):
    """Run a stage by DVC, and kill all of its session after that many seconds, or, without, as soon
    as it has had engines for `rest` seconds.

    Returns:
        Whether it came to that, and its engines with their hosts.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        ["dvc", "repro", "-f", "-s", stage],
        cwd=project.folder,
        env={**os.environ, **USER, "PATH": path, "PYTHONPATH": "", "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    command = psutil.Process(process.pid)
    if seconds is None:
        wait_until(lambda: process.poll() is not None or engine_processes(command))
    time.sleep(rest if seconds is None else seconds)
    engines = engine_processes(command) if process.poll() is None else []
    killed = process.poll() is None
    if killed:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return killed, engines


@needs_vizdoom
@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_is_killed_is_made_good_and_its_engines_end(undisturbed, stage, tmp_path):
    project, seconds, expected = undisturbed
    rng = np.random.default_rng(STAGES.index(stage))
    moment = None if stage in PLAYING else rng.uniform(0.4, 0.9) * seconds[stage]
    before = shared_files()
    killed, engines = kill(project, stage, moment, rng.uniform(0, 0.5), tmp_path)
    assert killed
    assert engines or stage not in PLAYING
    assert wait_until(lambda: not any(map(psutil.Process.is_running, engines)))
    assert wait_until(lambda: not shared_files() - before)
    assert wait_until(lambda: not [*tmp_path.glob("vizdoom-*")])
    for path, content in outputs(project).items():
        assert content == expected[path], f"{path} is neither whole nor gone"
    project.run("git", "checkout", "--", "dvc.lock")
    (project.folder / ".dvc" / "tmp" / "rwlock").unlink(missing_ok=True)
    # Without -f, DVC takes what the killed stage would have made from its cache; none would go on.
    project.run("dvc", "repro", "-f", "-s", "--no-run-cache", stage)
    assert outputs(project) == expected
