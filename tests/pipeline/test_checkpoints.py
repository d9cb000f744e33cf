"""Checkpoints of a run: what is saved, and when it is used again."""

import numpy as np
import pytest

from worldmodels.pipeline import checkpoints as module
from worldmodels.pipeline.checkpoints import (
    Checkpoints,
    NoCheckpoints,
    checkpoint_folder,
    fingerprint,
)

STATE = {
    "array": np.linspace(0, 1, 5, dtype=np.float32),
    "nested": [{"b": np.arange(6).reshape(2, 3)}, None, "text", 1e-300, float("-inf"), True],
    "rng": np.random.default_rng(3).bit_generator.state,  # with numbers of 128 bits
    "scalar": np.int64(7),
}


@pytest.fixture(autouse=True)
def save_every_time(monkeypatch):
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    monkeypatch.setattr(module, "SHARE", 1e9)


@pytest.fixture
def checkpoints(tmp_path) -> Checkpoints:
    return Checkpoints(tmp_path / "run", "fingerprint")


def test_a_state_is_loaded_as_it_was_saved(checkpoints):
    checkpoints.save("a", lambda: STATE)
    found = checkpoints.load("a")
    assert found.keys() == STATE.keys()
    np.testing.assert_array_equal(found["array"], STATE["array"])
    assert found["array"].dtype == np.float32
    np.testing.assert_array_equal(found["nested"][0]["b"], STATE["nested"][0]["b"])
    assert found["nested"][1:] == STATE["nested"][1:]
    assert (found["rng"], found["scalar"]) == (STATE["rng"], 7)
    found["array"][0] = 5  # it is writable


def test_a_state_of_another_run_is_not_loaded(checkpoints, tmp_path):
    checkpoints.save("a", lambda: STATE)
    assert checkpoints.load("b") is None
    assert Checkpoints(tmp_path / "run", "another").load("a") is None
    assert NoCheckpoints().load("a") is None


@pytest.mark.parametrize("damage", [b"", b"PK", None])
def test_a_damaged_state_is_not_loaded(checkpoints, tmp_path, damage):
    checkpoints.save("a", lambda: STATE)
    path = tmp_path / "run" / "a.npz"
    path.write_bytes(path.read_bytes()[:-30] if damage is None else damage)
    assert checkpoints.load("a") is None


def test_a_state_is_saved_from_time_to_time_or_by_force(checkpoints, monkeypatch):
    monkeypatch.setattr(module, "INTERVAL", 1000.0)
    checkpoints.save("a", lambda: pytest.fail("not yet"))
    checkpoints.save("a", lambda: {"x": 1}, force=True)
    checkpoints.save("a", lambda: pytest.fail("not yet"))
    assert checkpoints.load("a") == {"x": 1}
    checkpoints.clear()
    assert checkpoints.load("a") is None


def test_a_run_continues_if_a_state_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    checkpoints = Checkpoints(tmp_path / "file" / "run", "x")
    checkpoints.save("a", lambda: STATE)
    assert checkpoints.load("a") is None


def test_a_fingerprint_depends_on_params_inputs_and_code(tmp_path, monkeypatch):
    path = tmp_path / "input"
    path.write_bytes(b"1")
    first = fingerprint(b"{}", [path])
    assert fingerprint(b"{}", [path]) == first
    assert fingerprint(b"{ }", [path]) != first
    path.write_bytes(b"2")
    assert fingerprint(b"{}", [path]) != first
    path.write_bytes(b"1")
    monkeypatch.setattr(module, "code_version", lambda: "other code")
    assert fingerprint(b"{}", [path]) != first


def test_stages_with_other_outputs_have_other_folders(tmp_path):
    folders = {
        checkpoint_folder(stage, [tmp_path / name]) for stage in ("a", "b") for name in ("x", "y")
    }
    assert len(folders) == 4
