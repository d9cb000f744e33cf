"""The launch of an engine, with a script in its place that only waits: it ends with its host."""

import mmap
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.doom import SHARED, runs, wait_until
from tests.support.project import ROOT
from worldmodels.envs.doom.host import remove_shared_files

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
LAUNCH = ROOT / "worldmodels/envs/doom/launch.py"
NAME = f"test{os.getpid()}"
FILES = [SHARED / f"ViZDoom{part}{NAME}" for part in ("MQCtr", "MQDoom", "SM")]


@pytest.fixture
def host(tmp_path):
    """A function that starts a host of an engine; it writes into `temporary`."""
    (tmp_path / "engine").write_text("#!/bin/sh\nexec sleep 60.25\n")
    (tmp_path / "engine").chmod(0o755)
    (tmp_path / "temporary").mkdir()
    for file in FILES:
        file.touch()
    variables = {"DOOM_ENGINE": f"{tmp_path}/engine", "TMPDIR": f"{tmp_path}/temporary"}
    started = []

    def start(owner="$$"):
        script = f"DOOM_HOST={owner} '{LAUNCH}' +viz_instance_id {NAME} & wait"
        started.append(subprocess.Popen(["sh", "-c", script], env=os.environ | variables))
        return started[-1]

    yield start
    for file in FILES:
        file.unlink(missing_ok=True)
    for process in started:
        process.kill()
        process.wait()


def engines(process):
    return [each for each in psutil.Process(process.pid).children() if runs(each, ("60.25",))]


def test_an_engine_ends_with_its_host_and_its_files_with_it(host, tmp_path):
    process = host()
    assert wait_until(lambda: engines(process))
    (engine,) = engines(process)
    folder = Path(engine.cwd())
    assert folder.parent == tmp_path / "temporary"
    process.kill()
    process.wait()
    assert wait_until(lambda: not engine.is_running())
    assert wait_until(lambda: not [file for file in FILES if file.exists()])
    assert wait_until(lambda: not folder.exists())


def test_when_the_files_are_removed_the_folder_is_and_the_engine_goes_on(host, tmp_path):
    process = host()
    assert wait_until(lambda: engines(process))
    assert [*(tmp_path / "temporary").iterdir()]
    for file in FILES:
        file.unlink()
    assert wait_until(lambda: not [*(tmp_path / "temporary").iterdir()])
    assert engines(process)


def test_no_engine_starts_for_a_host_that_has_ended(host):
    assert host(owner="1").wait(timeout=30) == 0
    assert wait_until(lambda: not [file for file in FILES if file.exists()])


def test_a_file_that_is_just_being_made_is_removed_with_those_that_are_open():
    opened, made, _ = FILES
    other = SHARED / f"ViZDoomMQDoomx{NAME}"  # of another program
    opened.write_bytes(bytes(mmap.PAGESIZE))
    other.touch()
    try:
        with opened.open("r+b") as file, mmap.mmap(file.fileno(), 0):
            remove_shared_files()
            assert not opened.exists()
            made.touch()  # a moment later: the first file is open still, without a name
            remove_shared_files()
        assert not made.exists()
        assert other.exists()
    finally:
        for path in (opened, made, other):
            path.unlink(missing_ok=True)
