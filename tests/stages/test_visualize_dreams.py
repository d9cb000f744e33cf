"""The stage visualize_dreams: scores by temperature, and pictures of dreams and of a game."""

import json
import shutil
import sys

import msgspec
import numpy as np
import pytest
import yaml

from stages import visualize_dreams
from tests.support.doom import PARAMS
from tests.support.doom_pipeline import (
    LENGTHS,
    SHAPE,
    Z,
    random_agent,
    random_evaluation,
    write_json,
    write_ones,
    write_pipeline,
)
from tests.support.numbered_latents import numbered_latents
from tests.support.project import ROOT
from tools.fast_yaml import parse_yaml
from worldmodels.pipeline.seeding import RandomStreams

TEMPERATURES = (0.1, 1.15)
SEEDS = (0, 1)
CELLS = [f"{temperature}/{seed}" for temperature in TEMPERATURES for seed in SEEDS]
STREAMS = RandomStreams(0, "visualize_dreams")


def latents():
    mean = np.random.default_rng(0).normal(size=((LENGTHS + 1).sum(), Z)).astype(np.float32)
    held_out = np.array([True, True, False, False])
    return numbered_latents(LENGTHS, held_out=held_out, mean=mean, logvar=0 * mean)


@pytest.fixture
def folder(tmp_path):
    """V, M, the scores of two temperatures, and for each two Cs."""
    write_pipeline(tmp_path)
    latents().write(tmp_path / "latents.h5")
    temperature = np.array(TEMPERATURES)
    write_ones(tmp_path / "reports", "temperature_study", 2, temperature=temperature)
    for number, cell in enumerate(CELLS):
        own = tmp_path / cell
        (own / "models").mkdir(parents=True)
        (own / "data").mkdir()
        shutil.copy(tmp_path / "c.npz", own / "models/c.npz")
        shutil.copy(tmp_path / "evaluation.h5", own / "data/evaluation.h5")
        scores = {"mean_return": 300.0 + number, "env_return": 200.0, "env_fire_share": 0.5}
        write_json(own / "reports/metrics/evaluate_dream.json", scores | {"fire_share": 0.25})
        details = {"temperature": float(cell.split("/")[0])}
        write_json(own / "reports/details/evaluate_dream.json", details)
        dream = np.full(101, 10.0 * number)
        write_ones(own / "reports", "evaluate_dream", 101, dream=dream)
    return tmp_path


def run(folder, env=PARAMS):
    """The stage as from the command line."""
    params = parse_yaml((ROOT / "recipes/quick/params.yaml").read_text(encoding="utf-8"))
    if env:
        params["env"] = {"kind": "doom", **msgspec.to_builtins(env)}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    paths = [str(folder / each) for each in ("latents.h5", "v.npz", "m.npz", *CELLS)]
    options = ["--params", str(folder / "params.yaml"), "--reports", str(folder / "reports")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["visualize_dreams", *paths, *options])
        visualize_dreams.main()


def test_both_figures_are_drawn(folder, capsys):
    run(folder)
    figures = {path.name for path in (folder / "reports/figures").iterdir()}
    assert figures == {"temperature.png", "dreams.png"}
    details = json.loads((folder / "reports/details/visualize_dreams.json").read_text())
    assert details == {"figures": 2, "temperatures": [0.1, 1.15]}
    words = "C from dreams of temperature 0.1 lives 300 tics in them, and 200 in games"
    assert words in capsys.readouterr().out


def test_scores_are_of_all_seeds_of_a_temperature(folder):
    dreams, games = visualize_dreams.read_scores([folder / cell for cell in CELLS[2:]])
    assert (dreams.mean_return, games.mean_return) == (302.5, 200)
    assert (dreams.fire_share, games.fire_share) == (0.25, 0.5)
    assert len(games.tics) == 202
    assert np.unique(dreams.tics).tolist() == [20, 30]


def test_the_game_shown_is_cs_first_that_lasts_long_enough(monkeypatch):
    agent, evaluation = random_agent(), random_evaluation()
    for shown, number in (((3, 9), 0), ((3, 21), 1), ((3, 40), 1)):
        monkeypatch.setattr(visualize_dreams, "SHOWN", shown)
        pictures = visualize_dreams.game_pictures(PARAMS, agent, evaluation)
        z = agent.vision.encode(evaluation.episode(number).observations / np.float32(255))
        last = agent.vision.decode(z[[min(shown[1], LENGTHS[number])]]).reshape(SHAPE)
        assert pictures.shape == (2, *SHAPE)
        np.testing.assert_allclose(pictures[1] / 255, last, atol=0.51 / 255)


def test_a_dream_is_the_same_each_time_and_another_at_another_temperature(monkeypatch):
    monkeypatch.setattr(visualize_dreams, "SHOWN", (2, 4, 6))

    def dream(temperature):
        return visualize_dreams.dream_pictures(
            PARAMS, random_agent(), latents(), temperature, STREAMS
        )

    assert dream(0.1).shape == (3, *SHAPE)
    np.testing.assert_array_equal(dream(0.1), dream(0.1))
    assert not np.array_equal(dream(0.1), dream(1.15))


def test_a_missing_report_is_named_with_its_stage(folder):
    (folder / CELLS[-1] / "reports/curves/evaluate_dream.csv").unlink()
    with pytest.raises(SystemExit) as stop:
        run(folder)
    assert f"{CELLS[-1]}/reports/curves/evaluate_dream.csv: no such file; stage evaluate_dream" in (
        str(stop.value)
    )


def test_params_of_another_environment_are_refused(folder):
    with pytest.raises(SystemExit) as stop:
        run(folder, env=None)
    assert str(stop.value).endswith("env.kind: must be doom for visualize_dreams")
