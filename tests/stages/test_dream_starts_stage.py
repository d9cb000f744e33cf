"""The stage that writes the start states of the page's dreams."""

import sys

import numpy as np
import pytest

from stages.dream_starts import STARTS, dream_starts, main
from tests.support.numbered_latents import numbered_latents
from tests.support.project import ROOT
from worldmodels.dream.starts import StartStates
from worldmodels.pipeline.storage.artifacts import Latents, Model

LENGTHS = np.array([3, 9, 6, 5])
HELD_OUT = np.array([False, False, True, False])


@pytest.fixture
def latents() -> Latents:
    """Each z is (episode, frame), each action (episode, step), each reward 1."""
    return numbered_latents(LENGTHS, held_out=HELD_OUT)


@pytest.mark.parametrize("burn_in", [0, 4])
def test_start_states_are_moments_of_recorded_episodes(burn_in, latents, tmp_path):
    start_states, result = dream_starts(burn_in, latents, np.random.default_rng(0))
    arrays = start_states.arrays()
    assert arrays["z"].shape == (STARTS, 2)
    assert set(map(tuple, arrays["z"].tolist())) <= set(map(tuple, latents.mean.tolist()))
    assert arrays["context_z"].shape[1] == burn_in
    assert (start_states.context is None) == (burn_in == 0)
    assert result.details["start_states"] == STARTS
    assert result.details["mean_context_steps"] == arrays["context_steps"].mean()
    assert not result.metrics
    path = tmp_path / "dream_starts.npz"
    Model(StartStates.KIND, arrays).write(path)
    read = Model.read(path, "dream_starts")
    assert read.kind == StartStates.KIND
    again = StartStates.from_arrays(read.arrays).arrays()
    for name, array in arrays.items():
        np.testing.assert_array_equal(again[name], array)
    with pytest.raises(ValueError, match="do not fit each other"):
        StartStates.from_arrays({**read.arrays, "context_steps": np.full(STARTS, 99, np.float32)})


def test_the_stage_writes_the_start_states(latents, tmp_path, monkeypatch):
    paths = [tmp_path / "latents.h5", tmp_path / "dream_starts.npz"]
    latents.write(paths[0])
    options = [
        "--params",
        ROOT / "params.yaml",
        "--reports",
        tmp_path,
        "--set",
        "evolve_c.burn_in=3",
    ]
    monkeypatch.setattr(sys, "argv", ["dream_starts", *map(str, [*paths, *options])])
    main()
    read = StartStates.from_arrays(Model.read(paths[1], "dream_starts").arrays)
    assert read.z.shape == (STARTS, 2)
    assert read.context.z.shape == (STARTS, 3, 2)
    assert (tmp_path / "details/dream_starts.json").exists()
