"""The stage evaluate_dream: C in dreams of whole games, and what dreams and games show."""

import json
import sys

import msgspec
import numpy as np
import pytest
import yaml

from stages import evaluate_dream
from tests.support.doom import PARAMS
from tests.support.doom_pipeline import LENGTHS, Z, random_agent, random_evaluation, write_pipeline
from tests.support.numbered_latents import numbered_latents
from tests.support.project import ROOT
from tools.fast_yaml import parse_yaml
from worldmodels.dream.env import DreamEnv
from worldmodels.pipeline.reports import read_curve

FILES = ("latents.h5", "v.npz", "m.npz", "c.npz", "evaluation.h5")
DREAMS = 7


class Bright:
    """A V that shows the first number of z as the brightness of one pixel."""

    z_size = Z

    def encode(self, observations):
        return observations.reshape(len(observations), -1)[:, :Z]

    def decode(self, z):
        return np.pad(z[:, :1], [(0, 0), (0, 9)])


@pytest.fixture
def folder(tmp_path):
    write_pipeline(tmp_path)
    held_out = np.array([True, True, False])
    mean = np.random.default_rng(0).normal(size=(LENGTHS[:3] + 1).sum() * Z).reshape(-1, Z)
    mean = mean.astype(np.float32)
    latents = numbered_latents(LENGTHS[:3], held_out=held_out, mean=mean, logvar=0 * mean)
    latents.write(tmp_path / "latents.h5")
    return tmp_path


def run(folder, env=PARAMS):
    """The stage as from the command line."""
    params = parse_yaml((ROOT / "recipes/quick/params.yaml").read_text(encoding="utf-8"))
    if env:
        params["env"] = {"kind": "doom", **msgspec.to_builtins(env)}
    params["evaluate"]["episodes"] = DREAMS
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    paths = [str(folder / each) for each in FILES]
    options = ["--params", str(folder / "params.yaml"), "--reports", str(folder / "reports")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["evaluate_dream", *paths, *options])
        evaluate_dream.main()


def reports(folder):
    """Metrics, details and curve."""
    metrics, details = (
        json.loads((folder / f"reports/{kind}/evaluate_dream.json").read_text())
        for kind in ("metrics", "details")
    )
    path = folder / "reports/curves/evaluate_dream.csv"
    return metrics, details, read_curve(path, "evaluate_dream")


def test_a_dream_lives_as_many_tics_as_its_steps_have_and_a_game_its_rewards(
    folder, monkeypatch, capsys
):
    def all_but_the_second_end_in_their_third_step(dream, actions):
        ended = (dream._steps == 2) & (dream._start != 1)
        return np.zeros_like(dream._z), np.zeros(len(ended)), ended

    monkeypatch.setattr(DreamEnv, "_sample_transition", all_but_the_second_end_in_their_third_step)
    run(folder)
    metrics, details, curve = reports(folder)
    tics = 4 * np.array([3] * (DREAMS - 1) + [PARAMS.max_steps])
    assert metrics["mean_return"] == pytest.approx(tics.mean())
    assert metrics["stderr"] == pytest.approx(tics.std() / np.sqrt(DREAMS))
    assert metrics["still_return"] == pytest.approx(tics.mean())
    assert metrics["env_return"] == pytest.approx(4 * LENGTHS[:3].mean())
    assert (details["episodes"], details["truncated"]) == (DREAMS, 1)
    assert curve["dream"][[0, -1]].tolist() == [12, 160]
    assert curve["game"][[0, 50, -1]].tolist() == [36, 84, 120]
    assert f"C lives 33 +- 20 tics in {DREAMS} dreams of temperature 1" in capsys.readouterr().out


def test_the_same_dreams_come_again(folder):
    run(folder)
    before = reports(folder)[:2]
    run(folder)
    assert reports(folder)[:2] == before


def test_who_stands_still_does_not_look(folder, monkeypatch):
    """Its dreams have C's starts and noise, but not its actions."""
    acted = []
    step = DreamEnv.step

    def spy(dream, actions):
        acted.append(actions)
        return step(dream, actions)

    monkeypatch.setattr(DreamEnv, "step", spy)
    run(folder)
    first_of_still = next(number for number, actions in enumerate(acted) if not actions.any())
    assert all(actions.any() for actions in acted[:first_of_still])
    assert not any(actions.any() for actions in acted[first_of_still:])


def test_fire_is_a_bright_pixel_of_vs_picture():
    z = np.zeros((8, Z), np.float32)
    z[[1, 4], 0] = 0.69, 0.7
    z[6, 1] = 1.0  # which V does not show
    assert evaluate_dream.fire_share(Bright(), z) == 1 / 8


def test_of_games_those_of_c_count_alone():
    evaluation = random_evaluation()
    frames = np.flatnonzero(np.repeat(evaluation.by_controller, LENGTHS + 1))
    evaluation.observations[...] = 0
    evaluation.observations[frames[-1] + 1 :, 0, 0, 0] = 255  # of the random policy
    assert evaluate_dream.games(Bright(), evaluation)[1] == 0
    evaluation.observations[frames[4], 0, 0, 0] = 255
    looked_at = len(frames[:: evaluate_dream.EVERY])
    assert evaluate_dream.games(Bright(), evaluation)[1] == pytest.approx(1 / looked_at)


@pytest.mark.parametrize(
    ("options", "env", "words"),
    [
        ({}, None, "params.yaml: env.kind: must be doom for evaluate_dream"),
        ({"predict_reward_done": False}, PARAMS, "m.npz: this M predicts no rewards and episode"),
    ],
)
def test_what_cannot_dream_of_doom_is_refused(folder, options, env, words):
    write_pipeline(folder, agent=random_agent(**options))
    with pytest.raises(SystemExit) as stop:
        run(folder, env)
    assert words in str(stop.value)
    assert not (folder / "reports/metrics/evaluate_dream.json").exists()
