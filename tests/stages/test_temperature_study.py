"""The table of returns by temperature."""

import json

import msgspec
import numpy as np
import pytest

from stages.temperature_study import CELL, OFF_TRACK, read_cells, temperature_study
from tests.support.project import ROOT
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import OF_DREAMS, read_curve, write_curve

RACING = read_params(ROOT / "params.yaml")
DOOM = read_params(ROOT / "doom/params.yaml")


def cells_of(scores):
    """Cells of (temperature, return in the environment)."""
    return [
        dict(zip(CELL, (temperature, 0.0, env_return, 2.0), strict=True))
        for temperature, env_return in scores
    ]


def test_the_study_finds_the_best_temperature_by_the_mean_over_seeds():
    cells = cells_of([(1.0, 100.0), (1.0, 110.0), (0.1, 10.0), (0.1, 114.0)])
    cells = [cell | {OFF_TRACK: 0.5 * cell["temperature"]} for cell in cells]
    result = temperature_study(cells)
    assert result.metrics == {"best_temperature": 1.0, "best_env_return": 105.0}
    assert result.details["lowest_temperature_env_return"] == 62.0
    assert [row["temperature"] for row in result.curve] == [0.1, 1.0]
    assert [row["env_return_min"] for row in result.curve] == [10.0, 100.0]
    assert [row[OFF_TRACK] for row in result.curve] == [0.05, 0.5]
    with pytest.raises(UserError, match=r"the same number of seeds, found \[2, 1\]"):
        temperature_study(cells[1:])


def test_on_a_track_the_study_reads_the_share_of_episodes_off_it(tmp_path):
    reports = {
        "metrics/evolve_c": {"dream_return": 9.0, "validation_return": 8.0},
        "details/evolve_c": {"temperature": 1.3},
        "metrics/evaluate": {"mean_return": 7.0, "baseline_return": 1.0},
        "details/evaluate": {"controller": {"episodes": 8, "off_track": 2, "stderr": 0.5}},
    }
    write_reports(tmp_path, reports)
    cell = dict(zip(CELL, (1.3, 9.0, 7.0, 1.0), strict=True))
    assert read_cells([tmp_path], RACING) == [cell | {OFF_TRACK: 0.25}]
    elsewhere = msgspec.structs.replace(RACING, env=DOOM.env)  # where there is no track
    assert read_cells([tmp_path], elsewhere) == [cell]


def test_of_a_c_of_train_c_the_study_reads_dreams_of_whole_games(tmp_path):
    scores = {"mean_return": 9.0, "stderr": 0.6, "fire_share": 0.2, "env_fire_share": 0.7}
    reports = {
        "details/evaluate_dream": {"temperature": 1.3},
        "metrics/evaluate_dream": scores | {"still_return": 120.0},
        "metrics/evaluate": {"mean_return": 7.0, "baseline_return": 1.0},
        "details/evaluate": {"controller": {"episodes": 8, "stderr": 0.5}},
    }
    write_reports(tmp_path, reports)
    expected = dict(zip(CELL, (1.3, 9.0, 7.0, 1.0), strict=True))
    expected |= zip(OF_DREAMS, (0.6, 0.5, 0.2, 0.7, 120.0), strict=True)
    assert read_cells([tmp_path], DOOM) == [expected]


def test_standard_errors_are_over_seeds_and_episodes(tmp_path):
    cells = cells_of([(1.0, 100.0), (1.0, 110.0), (1.0, 105.0), (0.1, 10.0), (0.1, 14), (0.1, 18)])
    cells = [cell | {"env_return_stderr": 3.0, "dream_return_stderr": 2.0} for cell in cells]
    result = temperature_study(cells)
    errors = np.sqrt([4**2 / 3 + 3**2, 5**2 / 3 + 3**2])
    assert [row["env_return_stderr"] for row in result.curve] == pytest.approx(errors)
    assert [row["dream_return_stderr"] for row in result.curve] == [2, 2]
    assert result.metrics["best_env_return_stderr"] == pytest.approx(errors[1])
    one_seed = temperature_study(cells[::3]).curve
    assert [row["env_return_stderr"] for row in one_seed] == [3, 3]


def test_the_curve_has_the_columns_that_there_are(tmp_path):
    cell = dict.fromkeys((*CELL, *OF_DREAMS), 1.0)
    path = tmp_path / "curve.csv"
    for missing in ((), OF_DREAMS):
        some = {name: value for name, value in cell.items() if name not in missing}
        result = temperature_study([some, some | {"temperature": 2.0}])
        write_curve(path, result.curve, "temperature_study")
        columns = read_curve(path, "temperature_study")
        assert set(columns) == {*some, "env_return_min", "env_return_max"}
        assert columns["temperature"].tolist() == [1, 2]


def write_reports(folder, reports):
    for name, content in reports.items():
        path = folder / "reports" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
