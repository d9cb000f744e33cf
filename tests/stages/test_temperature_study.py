"""The table of returns by temperature."""

import json

import numpy as np
import pytest

from stages.temperature_study import CELL, STDERR, read_cells, temperature_study
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import CURVES, curve_path, read_curve, write_curve


def test_the_study_finds_the_best_temperature_by_the_mean_over_seeds():
    scores = [(1.0, 100.0, env_return, 0.0, 2.0) for env_return in (100.0, 110.0)]
    scores += [(0.1, 120.0, env_return, 0.5, 2.0) for env_return in (10.0, 114.0)]
    cells = [dict(zip(CELL, each, strict=True)) for each in scores]
    result = temperature_study(cells)
    assert result.metrics["best_temperature"] == 1.0
    assert result.metrics["best_env_return"] == 105.0
    assert result.details["lowest_temperature_env_return"] == 62.0
    assert [row["temperature"] for row in result.curve] == [0.1, 1.0]
    assert [row["env_return_min"] for row in result.curve] == [10.0, 100.0]
    with pytest.raises(UserError, match=r"the same number of seeds, found \[2, 1\]"):
        temperature_study(cells[1:])


@pytest.mark.parametrize("ended", ["off_track", "terminated"])
def test_the_study_reads_the_reports_in_each_folder(tmp_path, ended):
    reports = {
        "metrics/evolve_c": {"dream_return": 9.0, "validation_return": 8.0},
        "details/evolve_c": {"temperature": 1.3},
        "metrics/evaluate": {"mean_return": 7.0, ended: 2, "baseline_return": 1.0},
        "details/evaluate": {"controller": {"episodes": 8, "stderr": 0.5}},
    }
    write_reports(tmp_path, reports)
    assert read_cells([tmp_path], "evolve_c") == [
        dict(zip(CELL, (1.3, 9.0, 7.0, 0.25, 1.0), strict=True))
    ]


def test_of_a_c_of_train_c_the_study_reads_the_last_dreams_and_the_standard_error(tmp_path):
    reports = {
        "details/train_c": {"temperature": 1.3},
        "metrics/evaluate": {"mean_return": 7.0, "terminated": 2, "baseline_return": 1.0},
        "details/evaluate": {"controller": {"episodes": 8, "stderr": 0.5}},
    }
    write_reports(tmp_path, reports)
    path = curve_path(tmp_path / "reports", "train_c")
    path.parent.mkdir()
    rows = [dict.fromkeys(CURVES["train_c"], value) for value in (1.0, 9.0)]
    write_curve(path, rows, "train_c")
    expected = dict(zip(CELL, (1.3, 9.0, 7.0, 0.25, 1.0), strict=True)) | {STDERR: 0.5}
    assert read_cells([tmp_path], "train_c") == [expected]


def test_the_study_has_standard_errors_over_seeds_or_over_the_games_of_one(tmp_path):
    scores = [(1.0, 0.0, env_return, 0.0, 2.0) for env_return in (100.0, 110.0, 105.0)]
    scores += [(0.1, 0.0, env_return, 0.5, 2.0) for env_return in (10.0, 14.0, 18.0)]
    cells = [dict(zip(CELL, each, strict=True)) | {STDERR: 3.0} for each in scores]
    result = temperature_study(cells)
    errors = [4 / np.sqrt(3), 5 / np.sqrt(3)]
    assert [row[STDERR] for row in result.curve] == pytest.approx(errors)
    assert result.metrics[f"best_{STDERR}"] == pytest.approx(errors[1])
    assert [row[STDERR] for row in temperature_study(cells[::3]).curve] == [3, 3]
    path = tmp_path / "curve.csv"
    write_curve(path, result.curve, "temperature_study")
    assert read_curve(path, "temperature_study")[STDERR] == pytest.approx(errors)


def write_reports(folder, reports):
    for name, content in reports.items():
        path = folder / "reports" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
