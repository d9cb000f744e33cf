"""The stage linear_probe: z shows where the car is, and h how fast it goes."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.learning import run_train_m
from stages.collect import collect
from stages.encode import encode
from stages.linear_probe import TARGETS, main, probe, probe_targets
from stages.train_v import train_v
from tests.support.project import ROOT
from worldmodels.envs.registry import make_task
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Model


def untrained(z_size=16, action_size=2):
    return DeterministicLSTM.initial(z_size, action_size, 4, np.random.default_rng(0))


def write(folder, rollouts, latents, memory):
    rollouts.write(folder / "rollouts.h5")
    latents.write(folder / "latents.h5")
    Model(memory.kind, memory.arrays()).write(folder / "m.npz")


def run(folder):
    files = [str(folder / name) for name in ("rollouts.h5", "latents.h5", "m.npz")]
    options = ["--params", str(ROOT / "params.yaml"), "--reports", str(folder / "reports")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["linear_probe", *files, *options])
        main()


def report(folder, kind="metrics"):
    return json.loads((folder / f"reports/{kind}/linear_probe.json").read_text())


@pytest.fixture(scope="module")
def on_random_tracks():
    """Episodes of the recipe unseen, as its V encodes them, and its M."""
    settings = {"collect.episodes": "150", "train_v.epochs": "4", "train_m.epochs": "20"}
    params = read_params(ROOT / "recipes/unseen/params.yaml", settings)
    task = make_task(params.env)
    rollouts, _ = collect(params.collect, task, RandomStreams(0, "collect"))
    vision, _ = train_v(params.train_v, rollouts, RandomStreams(0, "train_v"))
    latents, _ = encode(params.encode, rollouts, vision)
    return rollouts, latents, run_train_m(params, latents)[0]


def test_one_frame_shows_the_place_and_a_memory_the_speed(on_random_tracks, tmp_path):
    write(tmp_path, *on_random_tracks)
    run(tmp_path)
    found = report(tmp_path)
    assert found["z_cross_track_r2"] > 0.7
    assert found["z_heading_r2"] > 0.6
    assert found["z_speed_r2"] < 0.3
    assert found["zh_speed_r2"] > found["z_speed_r2"] + 0.1
    assert found["active_units"] == 16
    rollouts = on_random_tracks[0]
    details = report(tmp_path, "details")
    assert details["held_out_steps"] == rollouts.lengths[rollouts.held_out].sum()


def test_a_z_that_is_the_state_itself_is_read_off_whole(rollouts, latents):
    targets = probe_targets(rollouts).astype(np.float32)
    latents = replace(latents, mean=targets, logvar=np.zeros_like(targets))
    metrics = probe(rollouts, latents, untrained(3)).metrics
    for name in TARGETS:
        assert metrics[f"z_{name}_r2"] == pytest.approx(1, abs=1e-5)
    shifted = replace(latents, mean=np.roll(targets, 20, axis=0))  # of other frames
    assert max(probe(rollouts, shifted, untrained(3)).metrics[f"z_{n}_r2"] for n in TARGETS) < 0.9


def test_the_distance_is_the_one_that_was_recorded(rollouts):
    cross_track = probe_targets(rollouts)[:, 0]
    assert np.abs(np.abs(cross_track) - rollouts.distances).max() < 0.15  # from a sample
    assert cross_track.min() < -1
    assert cross_track.max() > 1


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("few", "latents.h5: its 70 episodes are not the 80 of {}/rollouts.h5; set encode.mirror"),
        ("sizes", "latents.h5: its z and actions have 16 and 2 numbers, but those of {}/m.npz"),
        ("still", "rollouts.h5: in no held-out episode does the car's speed change; collect more"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line(case, message, rollouts, latents, tmp_path):
    if case == "few":
        latents = latents.slice(0, 70)
    elif case == "still":
        rollouts = replace(rollouts, states=rollouts.states * [1, 1, 1, 0])
    write(tmp_path, rollouts, latents, untrained(5 if case == "sizes" else 16))
    with pytest.raises(SystemExit) as stop:
        run(tmp_path)
    assert str(stop.value).startswith(f"linear_probe: {tmp_path}/{message.format(tmp_path)}")
    assert "\n" not in str(stop.value)
    assert not (tmp_path / "reports").exists()
