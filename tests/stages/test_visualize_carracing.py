"""The pictures of CarRacing, of a tiny pipeline in the real game."""

import dataclasses
import json
import sys

import numpy as np
import pytest
from PIL import Image

from benchmarks import paired
from benchmarks.learning import drive, learn, teach
from stages import visualize_carracing as race
from stages.collect import collect
from stages.encode import encode
from stages.evaluate import evaluate
from stages.train_v import train_v
from tests.support.imports import ROOT
from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.reports import read_curve
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Model

QUICK = ROOT / "carracing" / "quick.yaml"
FILES = ("v.npz", "m.npz", "c.npz", "drives.h5")
HOURS = {"collect": 0.25, "train_v": 0.125, "encode": 0.0, "train_m": 0.5, "evolve_c": 1.0}


def run(folder, *rounds, files=FILES, params=QUICK):
    """The stage as from the command line."""
    paths = [str(folder / each) for each in (*files, *rounds)]
    with pytest.MonkeyPatch.context() as patch:
        options = ["--params", str(params), "--reports", str(folder / "reports")]
        patch.setattr(sys, "argv", ["race", *paths, *options])
        race.main()


def told(folder, number, real_return, frames, episodes):
    """What a round leaves in its reports."""
    reports = folder / str(number) / "reports"
    figures = {
        "metrics/evolve_c": {"real_return": real_return},
        "metrics/collect": {"frames": frames, "episodes": episodes},
        **{f"cost/{name}": {"core_hours": hours} for name, hours in HOURS.items()},
    }
    for name, content in figures.items():
        path = reports / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


def polished(folder, figures):
    """What the stage leaves that polishes the last round's C."""
    for name, content in {"metrics": figures, "cost": {"core_hours": 0.25}}.items():
        path = folder / "reports" / name / "polish.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def learned():
    for package in ("gymnasium", "Box2D", "pygame"):
        pytest.importorskip(package, reason="needs requirements-carracing.txt")
    params = read_params(QUICK, {"compute.workers": 1})
    rollouts, _ = collect(params.collect, params.env, RandomStreams(0, "collect"))
    vision, _ = train_v(params.train_v, rollouts, RandomStreams(0, "train_v"))
    memory, _ = teach(params, encode(params.encode, rollouts, vision)[0])
    sizes = (vision.z_size + memory.hidden_size, 2)
    genome = np.random.default_rng(0).normal(size=(1, parameter_count(sizes)))
    agent = AgentParts(vision, memory, Controllers.from_genomes(genome, sizes))
    return (
        params,
        agent,
        evaluate(params.evaluate, params.env, *agent, RandomStreams(0, "evaluate"))[0],
    )


@pytest.fixture
def folder(learned, tmp_path):
    """In which a pipeline of two rounds has been run, as far as this stage looks."""
    _, (vision, memory, controllers), drives = learned
    Model(vision.kind, vision.parameters).write(tmp_path / "v.npz")
    Model(memory.kind, memory.arrays()).write(tmp_path / "m.npz")
    Model(controllers.kind, controllers.arrays(0)).write(tmp_path / "c.npz")
    drives.write(tmp_path / "drives.h5")
    told(tmp_path, 0, 700.0, frames=1050, episodes=50)
    told(tmp_path, 1, 650.0, frames=520, episodes=20)
    polished(tmp_path, {"real_return": 680.0, "train_env_steps": 100})
    return tmp_path


def made(folder):
    reports = folder / "reports"
    found = {path.relative_to(reports).as_posix() for path in reports.rglob("*") if path.is_file()}
    return found - {"metrics/polish.json", "cost/polish.json"}


def test_a_drive_its_dream_and_every_track_and_round_are_shown(learned, folder, capsys):
    run(folder, "0", "1")
    figures = {"figures/tracks.png", "figures/rounds.png"}
    assert made(folder) == {"drive.gif", "metrics/race.json", "curves/rounds.csv", *figures}
    with Image.open(folder / "reports/drive.gif") as gif:
        assert gif.n_frames == read_params(QUICK).env.max_steps // 2 + 1
    found = json.loads((folder / "reports/metrics/race.json").read_text())
    _, _, drives = learned
    scores = [drives.episode(number).score for number in range(3)]
    assert drives.by_controller.tolist() == [True] * 3 + [False] * 2
    assert found["mean_return"] == pytest.approx(np.mean(scores))
    assert found["stderr"] == pytest.approx(np.std(scores) / np.sqrt(3))
    assert found["median_return"] == pytest.approx(np.median(scores))
    assert found["worst_return"] == pytest.approx(min(scores))
    assert found["shown_return"] == pytest.approx(np.median(scores))
    assert (found["finished_share"], found["above_900"]) == (0, 0)
    assert (found["core_hours"], found["real_frames"]) == (4.0, 6000 + 4 * 100)
    curve = read_curve(folder / "reports/curves/rounds.csv", "rounds")
    assert {name: values.tolist() for name, values in curve.items()} == {
        "round": [0, 1],
        "real_return": [700, 650],
        "core_hours": [1.875, 3.75],
        "real_frames": [4000, 6000],
    }
    said = capsys.readouterr().out
    assert "2 rounds and the polish took 4.0 core-hours and 6,400 real frames to learn from" in said


def test_without_rounds_there_is_no_picture_of_them(folder):
    run(folder)
    assert made(folder) == {"drive.gif", "metrics/race.json", "figures/tracks.png"}
    assert "core_hours" not in json.loads((folder / "reports/metrics/race.json").read_text())


def test_the_h_that_is_shown_is_the_one_that_c_drove_by(learned):
    _, (vision, memory, controllers), drives = learned
    episode = drives.episode(0)
    mind = race.trace_episode(vision, memory, episode)
    seen = np.concatenate([mind.z, mind.h], axis=1)[:-1]
    actions = np.concatenate([controllers.act(row[None]) for row in seen])
    np.testing.assert_allclose(actions, episode.actions, atol=1e-5)


def test_the_dream_begins_with_the_same_z_and_is_the_same_again(learned):
    params, agent, drives = learned
    start = race.trace_episode(agent.vision, agent.memory, drives.episode(0)).z[:1]
    first, again = (
        race.trace_dream(agent, start, params.env, 1.3, RandomStreams(0, "race")) for _ in range(2)
    )
    np.testing.assert_array_equal(first.z[:1], start)
    np.testing.assert_array_equal(first.views, again.views)
    assert not first.h[0].any()
    assert len(first.views) == len(first.z) == len(first.h) == len(first.rewards) + 1


def file_error(folder, *rounds, **options):
    with pytest.raises(SystemExit) as stop:
        run(folder, *rounds, **options)
    assert not made(folder)
    return str(stop.value)


def test_a_drive_that_the_game_does_not_repeat_is_not_shown(learned, folder):
    _, _, drives = learned
    rewards = drives.rewards.copy()
    rewards[drives.first_step[:3] + 7] += 0.5  # of every drive of C
    dataclasses.replace(drives, rewards=rewards).write(folder / "drives.h5")
    said = file_error(folder)
    assert said.startswith("race: the drive on track ")
    assert "cannot be shown: in step 7 it earned " in said


def test_a_round_that_has_not_said_what_it_took_is_named(folder):
    (folder / "1/reports/cost/train_m.json").unlink()
    said = file_error(folder, "0", "1")
    assert said.startswith(
        f"race: {folder}/1/reports/cost/train_m.json: no such file; stage train_m"
    )


def test_so_are_the_finals_that_have_not_said_how_they_went(folder):
    polished(folder, {"real_return": 680.0})
    assert "metrics/polish.json: it should have a figure 'train_env_steps'" in file_error(
        folder, "0", "1"
    )


def test_drives_of_the_notes_world_are_refused(quick, tmp_path):
    drive(quick, learn(quick))[0].write(tmp_path / "drives.h5")
    assert file_error(tmp_path) == (
        f"race: {tmp_path}/drives.h5: it holds drives of racing; only drives of carracing will do "
        "here"
    )


def test_so_are_params_of_the_notes_world(folder):
    said = file_error(folder, params=ROOT / "params.yaml")
    assert said.endswith("params.yaml: world.kind: must be carracing where its drives are shown")


def test_agents_are_compared_track_by_track(learned, folder, capsys):
    """The others drive in another order, each for 10 points more."""
    _, _, drives = learned
    rewards = drives.rewards.copy()
    scores = np.array([drives.episode(number).score for number in range(3)])
    rewards[drives.first_step[:3]] += 10
    better = dataclasses.replace(drives, rewards=rewards)
    parts = [better.slice(number, number + 1) for number in (2, 0, 1)]
    type(drives).concatenate(parts).write(folder / "better.h5")
    first, second = (paired.Driven.of(folder / f"{name}.h5") for name in ("drives", "better"))
    np.testing.assert_allclose(second.returns, scores + 10)
    assert second.row(first).endswith("| -10.0 ± 0.0, on 0 of 3 |")
