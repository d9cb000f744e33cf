"""Figures of Doom from the files of a pipeline; where the game itself is shown, a toy stands in."""

import json
import sys

import msgspec
import numpy as np
import pytest
import yaml
from PIL import Image

from stages import visualize_doom
from tests.support.doom import PARAMS
from tests.support.doom_pipeline import (
    LENGTHS,
    H,
    Z,
    random_agent,
    random_evaluation,
    write_json,
    write_pipeline,
)
from tests.support.project import ROOT
from tools.fast_yaml import parse_yaml
from worldmodels.dream.env import DreamEnv
from worldmodels.pipeline.seeding import RandomStreams

FILES = ("v.npz", "m.npz", "c.npz", "evaluation.h5")
FIGURES = {"figures/tics_alive.png", "figures/foretold.png"}
SHOWN = 0  # the game of median length, of C's
STREAMS = RandomStreams(0, "visualize_doom")


@pytest.fixture(autouse=True)
def toy_game(monkeypatch):
    """Screens that grow brighter step by step, in place of the game's."""

    def screens(params, seed, episode, size):
        for step in range(len(episode.actions) + 1):
            yield np.full((*size, 3), 5 * step, np.uint8)

    monkeypatch.setattr(visualize_doom, "rerender_episode", screens)


@pytest.fixture
def folder(tmp_path):
    write_pipeline(tmp_path)
    return tmp_path


def run(folder, *arguments, env=PARAMS):
    """The stage as from the command line; arguments without dashes are below the folder."""
    params = parse_yaml((ROOT / "recipes/quick/params.yaml").read_text(encoding="utf-8"))
    if env:
        params["env"] = {"kind": "doom", **msgspec.to_builtins(env)}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    paths = [each if each.startswith("-") else str(folder / each) for each in (*FILES, *arguments)]
    options = ["--params", str(folder / "params.yaml"), "--reports", str(folder / "reports")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["visualize_doom", *paths, *options])
        visualize_doom.main()


def written(folder):
    """The figures and the animation."""
    reports = folder / "reports"
    paths = [*reports.glob("figures/*"), *reports.glob("*.gif")]
    return {path.relative_to(reports).as_posix() for path in paths}


def test_the_game_of_median_length_is_shown_to_its_end(folder, capsys):
    run(folder, "0", "1")
    assert written(folder) == {*FIGURES, "figures/rounds.png", "dream.gif"}
    details = json.loads((folder / "reports/details/visualize_doom.json").read_text())
    lengths = LENGTHS[:3]
    assert (details["shown_seed"], details["shown_tics"]) == (2, 4 * np.median(lengths))
    assert details["frames"] == np.median(lengths) + 1
    with Image.open(folder / "reports/dream.gif") as gif:
        assert gif.n_frames == details["frames"]
    assert "3 figures, and an animation of 22 frames" in capsys.readouterr().out


def test_of_a_long_game_the_last_steps_are_shown(folder, monkeypatch):
    monkeypatch.setattr(visualize_doom, "SHOWN_STEPS", 8)
    run(folder)
    details = json.loads((folder / "reports/details/visualize_doom.json").read_text())
    assert details["frames"] == 9
    assert written(folder) == {*FIGURES, "dream.gif"}  # without rounds there is no figure of them


def test_the_scores_of_rounds_are_those_of_their_c(folder):
    rounds = visualize_doom.read_rounds([folder / "0", folder / "1"])
    assert rounds.validation.tolist() == [100, 101]
    assert rounds.dream.tolist() == [50, 51]
    assert visualize_doom.read_rounds([]) is None


def test_a_dream_begins_with_all_that_c_has_seen(folder):
    """Its first step is the one that M takes after the recorded ones."""
    agent, episode = random_agent(), random_evaluation().episode(SHOWN)
    member = agent.memory.members[0]
    z = np.random.default_rng(0).normal(size=(LENGTHS[SHOWN] + 1, Z)).astype(np.float32)
    starts = visualize_doom.start_state(z, episode, 6, STREAMS)
    h, c = np.zeros((2, 1, H), np.float32)
    for step in range(7):
        h, c = member.step(z[step : step + 1], episode.actions[step : step + 1], h, c)
    p_done = member.reward_and_done(member.head_features(h, None, None))[1][0]
    actions = episode.actions[6:]
    trace, ended = visualize_doom.replay(agent, starts, actions, 1.15, PARAMS)
    assert len(trace.decoded) == len(ended) == len(actions) + 1
    assert ended[0] == 0
    assert ended[1] == pytest.approx(p_done, rel=1e-5)
    assert (np.diff(ended) >= 0).all()


@pytest.mark.parametrize("inputs", [Z, Z + H, Z + 2 * H])
def test_c_acts_in_its_dream_until_that_ends(inputs, monkeypatch):
    agent, episode = random_agent(inputs), random_evaluation().episode(SHOWN)
    z = np.zeros((LENGTHS[SHOWN] + 1, Z), np.float32)
    starts = visualize_doom.start_state(z, episode, 2, STREAMS)
    first, again = (visualize_doom.dream_of_c(agent, starts, 40, 1.15, PARAMS) for _ in range(2))
    np.testing.assert_array_equal(first.decoded, again.decoded)
    assert len(first.decoded) == len(first.directions) + 1 <= 41
    assert set(first.directions) <= {-1, 0, 1}
    monkeypatch.setattr(DreamEnv, "_sample_transition", ended_at_once)
    assert len(visualize_doom.dream_of_c(agent, starts, 40, 1.15, PARAMS).directions) == 1


def ended_at_once(dream, actions):
    return np.zeros_like(dream._z), np.zeros(1), np.ones(1, bool)


def error_of(folder, *arguments, **options):
    with pytest.raises(SystemExit) as stop:
        run(folder, *arguments, **options)
    assert not written(folder)
    return str(stop.value)


def test_missing_reports_are_named_with_their_stage(folder):
    (folder / "1/reports/metrics/train_c.json").unlink()
    assert error_of(folder, "0", "1").startswith(
        f"visualize_doom: {folder}/1/reports/metrics/train_c.json: no such file; stage train_c"
    )
    (folder / "reports/curves/forecast_ends.csv").unlink()
    assert "curves/forecast_ends.csv: no such file; stage forecast_ends" in error_of(folder)


def test_controls_without_a_score_are_named(folder):
    write_json(folder / "reports/details/evaluate_controls.json", {"controller": {}})
    message = error_of(folder)
    assert "details/evaluate_controls.json: it should have a number 'controller.mean_" in message


def test_an_m_that_cannot_dream_is_refused(tmp_path):
    write_pipeline(tmp_path, agent=random_agent(predict_reward_done=False))
    assert "m.npz: this M predicts no rewards and episode ends" in error_of(tmp_path)


def test_params_of_another_environment_are_refused(folder):
    message = error_of(folder, env=None)
    assert message.endswith("params.yaml: env.kind: must be doom for visualize_doom")
