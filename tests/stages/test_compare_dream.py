"""What is shown of dreams: beside the drives that they begin as, and by their temperature."""

import json

import msgspec
import numpy as np
import pytest

from benchmarks.learning import drive, learn
from stages.compare_dream import compare
from stages.temperature_study import Cell, temperature
from worldmodels.open_loop_error import open_loop_error
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import read_metrics
from worldmodels.pipeline.seeding import RandomStreams

replace = msgspec.structs.replace


class Counting:
    """Says that the next z is this one and a half more, and knows no more than that."""

    hidden_size = 1

    def step(self, z, actions, h, c):
        return z[:, :1] + 0.5, c

    def head_features(self, h):
        return h

    def predict(self, head_features):
        return head_features

    def sample(self, head_features, uniform, normal, temperature):
        return head_features + temperature * normal


def test_a_dream_strays_by_what_it_does_not_see():
    z = np.arange(5, dtype=np.float32)[:, None, None].repeat(3, axis=1)  # one more each step
    z = z + np.array([0, 10, 20], np.float32)[:, None]
    lengths = np.array([4, 4, 2])
    errors = open_loop_error(Counting(), z, np.zeros((4, 3, 2), np.float32), lengths, 0.0, seed=0)
    seen = np.concatenate([z[: length + 1, number] for number, length in enumerate(lengths)])
    spread = seen.std()
    np.testing.assert_allclose(errors["dream"] * spread, [0.5, 1, 1.5, 2], rtol=1e-5)
    np.testing.assert_allclose(errors["expected"], errors["dream"])
    np.testing.assert_allclose(errors["stays"] * spread, [1, 2, 3, 4], rtol=1e-5)
    np.testing.assert_allclose(errors["awake"] * spread, [0.5] * 4, rtol=1e-5)
    np.testing.assert_allclose(
        errors["another"] * spread, [np.sqrt(200), np.sqrt(200), 10, 10], rtol=1e-5
    )
    noisy = open_loop_error(Counting(), z, np.zeros((4, 3, 2), np.float32), lengths, 9.0, seed=0)
    assert (noisy["dream"] > errors["dream"]).all()
    np.testing.assert_array_equal(noisy["expected"], errors["expected"])


def test_no_more_steps_are_looked_at_than_half_of_the_drives_last():
    z = np.arange(10, dtype=np.float32)[:, None, None].repeat(3, axis=1)
    actions = np.zeros((9, 3, 2), np.float32)
    errors = open_loop_error(Counting(), z, actions, np.array([2, 5, 9]), 0.0, seed=0)
    assert {len(error) for error in errors.values()} == {5}
    alone = open_loop_error(Counting(), z[:, :1], actions[:, :1], np.array([9]), 0.0, seed=0)
    assert "another" not in alone  # it would be compared with itself


@pytest.fixture(scope="module")
def dreaming(quick):
    train_m = replace(quick.train_m, predict_reward_done=True, members=2)
    evolve_c = replace(quick.evolve_c, train_in="dream", generations=2)
    return replace(quick, train_m=train_m, evolve_c=evolve_c)


def test_drives_and_dreams_are_shown_from_the_same_starts(dreaming):
    learned = learn(dreaming)
    drives, report = drive(dreaming, learned)

    def compared(seed):
        return compare(
            20, 1.0, learned.vision, learned.memory, learned.controllers, drives,
            RandomStreams(seed, "compare"),
        )  # fmt: skip

    pictures, found = compared(0)
    assert set(pictures.figures) == {"dream_error", "filmstrip"}
    assert len(pictures.frames) <= max(drives.lengths.max(), 20) + 1
    real = report.metrics["controller"]["mean_return"]
    assert found.metrics["real_return"] == pytest.approx(real)
    assert 0 < found.metrics["stays_error_1"] < 1
    assert compared(0)[1] == found
    assert compared(1)[1] != found


def test_an_m_that_cannot_dream_is_not_compared(project_of_models, tmp_path):
    result = project_of_models.stage(
        "compare", "models/v.npz", "models/m.npz", "models/c.npz", "data/drives.h5"
    )
    assert result.returncode == 1
    assert result.stderr.startswith("compare: models/m.npz: this M predicts no rewards and ends")
    assert len(result.stderr.splitlines()) == 1


@pytest.fixture(scope="module")
def project_of_models(make_project):
    project = make_project()
    project.repro("evaluate")
    return project


def test_the_study_finds_the_best_temperature_by_the_mean_over_seeds():
    cells = [
        Cell(1.0, 100.0, real, 0.0, 2.0) for real in (100.0, 110.0)
    ] + [Cell(0.1, 120.0, real, 0.5, 2.0) for real in (10.0, 114.0)]  # fmt: skip
    figure, report = temperature(cells)
    assert report.metrics["best_temperature"] == 1.0
    assert report.metrics["best_real"] == 105.0
    assert report.metrics["coldest_real"] == 62.0
    assert [row["temperature"] for row in report.curve] == [0.1, 1.0]
    assert [row["real_least"] for row in report.curve] == [10.0, 100.0]
    assert len(figure.axes) == 2
    with pytest.raises(UserError, match=r"as many seeds each, found \[2, 1\]"):
        temperature(cells[:-1] if cells[-1].temperature == 1.0 else cells[1:])


def test_figures_that_are_missing_are_named_with_their_file_and_stage(tmp_path):
    path = tmp_path / "evaluate.json"
    with pytest.raises(UserError, match=r"evaluate\.json: no such file; stage evaluate makes it"):
        read_metrics(path, "evaluate", ["a"])
    for text, words in (
        ("{", "damaged"),
        ("[1]", r"it should have a figure 'a\.b', found None"),
        ('{"a": {"b": "x"}}', "found 'x'"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=words):
            read_metrics(path, "evaluate", ["a.b"])
    path.write_text(json.dumps({"a": {"b": 3}}))
    assert read_metrics(path, "evaluate", ["a.b"]) == [3.0]
