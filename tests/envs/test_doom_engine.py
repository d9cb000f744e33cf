"""Engines of Doom: one that is lost is replaced, and none outlives its stage."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections import defaultdict

import numpy as np
import psutil
import pytest

from tests.support.doom import PARAMS, engine_processes, needs_vizdoom, shared_files, wait_until
from tests.support.project import ROOT
from worldmodels.envs.doom import engine
from worldmodels.envs.doom.env import DoomEnv
from worldmodels.envs.doom.task import DoomTask
from worldmodels.pipeline.errors import UserError

pytestmark = needs_vizdoom
MOVES = np.sign(np.sin(np.arange(24)))[:, None]
PLAY = """
import worldmodels, sys
import numpy as np
from worldmodels.envs.doom.env import DoomEnv
env = DoomEnv([5], max_steps=10_000, frame_skip=1)
while True:
    env.reset()
    print("at the start", flush=True)
    for _ in range(100):
        env.step([[0.0]])
"""


def play(env, disturb=None):
    """All observations, rewards and health of an episode; `disturb` is called after 7 steps."""
    observations, info = env.reset()
    seen = [observations, info["health"]]
    for number, move in enumerate(MOVES):
        if disturb and number == 7:
            disturb(env._games[0]._engine)
        observations, rewards, *_, info = env.step([move])
        seen += [observations, rewards, info["health"]]
    return seen


def host(lost):
    return psutil.Process(lost._process.pid)


def kill(process):
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    "disturb",
    [
        lambda lost: kill(host(lost).children()[0]),
        lambda lost: kill(host(lost)),
        lambda lost: host(lost).children()[0].suspend(),
    ],
    ids=["the engine is killed", "its host is killed", "it hangs"],
)
def test_a_game_whose_engine_is_lost_goes_on_as_if_nothing_had_happened(disturb, monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 2.0)
    expected = play(DoomEnv([7]))
    lost = []
    for ours, theirs in zip(
        play(DoomEnv([7]), lambda each: (lost.append(each), disturb(each))), expected, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert not lost[0].close.alive
    assert wait_until(lambda: not psutil.pid_exists(lost[0]._process.pid))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise SystemExit(3)", "its process ended with 3"),
        (
            "import sys\nfrom multiprocessing.connection import Connection\n"
            "Connection(int(sys.argv[1])).send('ImportError: no libSDL')",
            "ImportError: no libSDL",
        ),
    ],
)
def test_engines_that_are_lost_in_a_row_are_told_in_a_sentence(
    monkeypatch, tmp_path, script, reason
):
    (tmp_path / "host.py").write_text(script)
    monkeypatch.setattr(engine, "HOST", tmp_path / "host.py")
    monkeypatch.setattr(engine, "_idle", defaultdict(list))
    env = DoomTask(PARAMS).make_env([7], 1)
    words = (
        rf"^env\.kind: doom: 5 engines .* row .* game of seed 7, the last one because {reason}; "
    )
    with pytest.raises(UserError, match=words) as error:
        env.reset()
    assert "\n" not in str(error.value)


def test_while_games_go_on_an_engine_has_no_file_that_could_be_left():
    env = DoomEnv([7])
    env.reset()
    arguments = host(env._games[0]._engine).children()[0].cmdline()
    name = arguments[arguments.index("+viz_instance_id") + 1]
    assert not [file for file in shared_files() if file.name.endswith(name)]


def test_an_engine_is_used_again_by_the_next_batch():
    first, second = DoomEnv([1, 2, 3], num_envs=3), DoomEnv([4, 5], num_envs=2)
    first.reset()
    used = {id(game._engine) for game in first._games}
    del first
    second.reset()
    assert {id(game._engine) for game in second._games} <= used


def test_an_engine_that_has_ended_is_in_the_cost_of_the_stage(monkeypatch):
    monkeypatch.setattr(engine, "_idle", defaultdict(list))
    env = DoomEnv([7])
    env.reset()
    own = env._games[0]._engine
    times = host(own).children()[0].cpu_times()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    own.close()
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before >= times.user


@pytest.mark.parametrize(
    ("way", "seconds"),
    [
        *((signal.SIGKILL, 0.3), (signal.SIGKILL, 0.6), (signal.SIGKILL, None)),
        *((signal.SIGTERM, None), (signal.SIGINT, None)),
    ],
)
def test_however_a_process_ends_no_engine_and_no_file_is_left(tmp_path, way, seconds):
    """Some seconds after its start, in which engines start, or when games go on."""
    before, temporary = shared_files(), tmp_path / "temporary"
    temporary.mkdir()
    (tmp_path / "work").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", PLAY],
        cwd=tmp_path / "work",
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        if seconds:
            time.sleep(seconds)
        else:
            process.stdout.readline()
        engines = engine_processes(psutil.Process(process.pid))
        process.send_signal(way)
    assert seconds or len(engines) == 2
    assert wait_until(lambda: not any(map(psutil.Process.is_running, engines)))
    assert wait_until(lambda: not [*temporary.iterdir()])
    assert wait_until(lambda: not shared_files() - before)
    assert not [*(tmp_path / "work").iterdir()]
