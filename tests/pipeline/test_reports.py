"""Metrics, details and curves of a stage."""

import numpy as np
import pytest

from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import read_curve, read_numbers, write_curve, write_json

HEADER = "epoch,train,held_out,baseline\n"


def test_a_curve_is_read_as_it_was_written(tmp_path):
    rows = [{"epoch": e, "train": 0.7 - e, "held_out": 0.5, "baseline": 0.3} for e in range(2)]
    write_curve(tmp_path / "c.csv", rows, "train_v")
    curve = read_curve(tmp_path / "c.csv", "train_v")
    np.testing.assert_allclose(curve["train"], [0.7, -0.3])


@pytest.mark.parametrize(
    "text", ["", HEADER, "epoch,train\n0,1\n", HEADER + "0,much,0,0\n", HEADER + "0,1\n"]
)
def test_an_error_of_a_damaged_curve_names_it_and_its_stage(tmp_path, text):
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(UserError, match=r"c.csv: damaged or .*stage train_v makes it"):
        read_curve(tmp_path / "c.csv", "train_v")


def test_an_error_of_a_missing_curve_names_it_and_its_stage(tmp_path):
    with pytest.raises(UserError, match="no such file; stage evolve_c makes it"):
        read_curve(tmp_path / "c.csv", "evolve_c")


def test_numbers_are_read_by_their_dotted_names(tmp_path):
    write_json(tmp_path / "m.json", {"loss": 0.5, "controller": {"mean_return": 3}})
    assert read_numbers(tmp_path / "m.json", "evaluate", ["loss", "controller.mean_return"]) == [
        0.5,
        3.0,
    ]


@pytest.mark.parametrize("name", ["gain", "controller", "controller.mean_return.x", "loss.x"])
def test_a_missing_number_is_reported_with_its_stage(tmp_path, name):
    write_json(tmp_path / "m.json", {"loss": 0.5, "controller": {"mean_return": 3}})
    with pytest.raises(UserError, match=rf"m.json: .*a number '{name}'.*stage evaluate makes it"):
        read_numbers(tmp_path / "m.json", "evaluate", [name])


def test_numbers_that_are_not_finite_are_not_written(tmp_path):
    with pytest.raises(UserError, match=r"a number is not finite.*'loss': nan"):
        write_json(tmp_path / "m.json", {"loss": float("nan")})
    assert not (tmp_path / "m.json").exists()
