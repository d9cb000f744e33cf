"""The stage forecast_ends: its files, and what it says of M's that cannot forecast."""

import json
import sys

import numpy as np
import pytest

from stages import forecast_ends
from tests.support.numbered_latents import numbered_latents
from tests.support.project import ROOT
from worldmodels.end_forecast import STEPS
from worldmodels.memory.registry import make_memory
from worldmodels.pipeline.reports import read_curve
from worldmodels.pipeline.storage.artifacts import Model

LENGTHS = np.array([30, 20, 14])


def write(folder, terminated=True, z_size=2, action_size=2, predict_reward_done=True):
    """Latents and an untrained M."""
    held_out = np.array([True, True, False])
    mean = np.random.default_rng(0).normal(size=((LENGTHS + 1).sum(), 2)).astype(np.float32)
    ended = np.full(3, terminated)
    latents = numbered_latents(LENGTHS, terminated=ended, held_out=held_out, mean=mean)
    latents.write(folder / "latents.h5")
    rng = np.random.default_rng(0)
    memory = make_memory(
        *("mdn_lstm", z_size, action_size, rng),
        hidden=5,
        head_hidden=0,
        num_mixtures=2,
        min_std=0.1,
        predict_change=False,
        predict_reward_done=predict_reward_done,
    )
    Model(memory.kind, memory.arrays()).write(folder / "m.npz")


def run(folder):
    """The stage as from the command line."""
    files = [str(folder / name) for name in ("latents.h5", "m.npz")]
    options = ["--params", str(ROOT / "params.yaml"), "--reports", str(folder / "reports")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["forecast_ends", *files, *options])
        forecast_ends.main()


def test_scores_are_in_metrics_details_and_the_curve(tmp_path, capsys):
    write(tmp_path)
    run(tmp_path)
    metrics, details = (
        json.loads((tmp_path / f"reports/{kind}/forecast_ends.json").read_text())
        for kind in ("metrics", "details")
    )
    curve = read_curve(tmp_path / "reports/curves/forecast_ends.csv", "forecast_ends")
    assert curve["steps"].tolist() == list(STEPS)
    for row, steps in enumerate(STEPS):
        assert metrics[f"foretold_{steps}"] == pytest.approx(curve["foretold"][row], rel=1e-6)
        assert details["auc"][str(steps)] == pytest.approx(curve["auc"][row], rel=1e-6)
    assert metrics["hazard_4"] == details["hazard"]["4"]
    assert (details["ends"], details["moments"]) == (2, 50)
    assert "of 2 recorded ends, begun 1, 2, 4, 8, 12 steps before" in capsys.readouterr().out
    before = (tmp_path / "reports/details/forecast_ends.json").read_bytes()
    run(tmp_path)
    assert (tmp_path / "reports/details/forecast_ends.json").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"terminated": False}, "latents.h5: none of its held-out episodes lasts 12 steps"),
        ({"z_size": 3}, "latents.h5: its z and actions have 2 and 2 numbers, but those of "),
        ({"action_size": 3}, "latents.h5: its z and actions have 2 and 2 numbers, but those of "),
        ({"predict_reward_done": False}, "m.npz: this M predicts no rewards and episode ends"),
    ],
)
def test_what_cannot_be_forecast_is_said_in_a_line(tmp_path, options, message):
    write(tmp_path, **options)
    with pytest.raises(SystemExit) as stop:
        run(tmp_path)
    assert str(stop.value).startswith(f"forecast_ends: {tmp_path}/{message}")
    assert "\n" not in str(stop.value)
