"""Figures of CarRacing, from a tiny pipeline in the real game."""

import dataclasses
import json
import sys

import numpy as np
import pytest
from PIL import Image

from benchmarks.learning import learn, run_evaluate, run_train_m
from benchmarks.paired_comparison import TrackReturns
from stages import visualize_carracing
from stages.collect import collect
from stages.encode import encode
from stages.evaluate import evaluate
from stages.train_v import train_v
from tests.support.project import ROOT
from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.envs.registry import make_task
from worldmodels.figures.carracing import drive_gif
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.reports import read_curve
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Model

QUICK = ROOT / "tests" / "support" / "carracing_quick.yaml"
FILES = ("v.npz", "m.npz", "c.npz", "evaluation.h5")
HOURS = {"collect": 0.25, "train_v": 0.125, "encode": 0.0, "train_m": 0.5, "evolve_c": 1.0}
OF_THE_STAGE = {"drive.gif", "figures/returns.png"}
OF_THE_STAGE |= {f"{kind}/visualize_carracing.json" for kind in ("metrics", "details")}


def run(folder, *rounds, params=QUICK):
    """The stage as from the command line."""
    paths = [str(folder / each) for each in (*FILES, *rounds)]
    with pytest.MonkeyPatch.context() as patch:
        options = ["--params", str(params), "--reports", str(folder / "reports")]
        patch.setattr(sys, "argv", ["visualize_carracing", *paths, *options])
        visualize_carracing.main()


def write_reports(reports, contents):
    """Reports of other stages, by kind and stage."""
    for name, content in contents.items():
        path = reports / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


def write_round(folder, number, validation_return, frames, episodes):
    """The reports of a round."""
    costs = {f"cost/{name}": {"core_hours": hours} for name, hours in HOURS.items()}
    contents = {
        "metrics/evolve_c": {"validation_return": validation_return},
        "details/collect": {"frames": frames, "episodes": episodes},
        **costs,
    }
    write_reports(folder / str(number) / "reports", contents)


def write_finetuning(folder, details):
    """The reports of finetune_c."""
    contents = {
        "metrics/finetune_c": {"validation_return": 680.0},
        "details/finetune_c": details,
        "cost/finetune_c": {"core_hours": 0.25},
    }
    write_reports(folder / "reports", contents)


@pytest.fixture(scope="module")
def evaluated():
    """Params, an agent with random weights, and its test episodes."""
    for package in ("gymnasium", "Box2D", "pygame"):
        pytest.importorskip(package, reason="needs requirements-carracing.txt")
    params = read_params(QUICK, {"compute.workers": 1})
    task = make_task(params.env)
    rollouts, _ = collect(params.collect, task, RandomStreams(0, "collect"))
    vision, _ = train_v(params.train_v, rollouts, RandomStreams(0, "train_v"))
    memory, _ = run_train_m(params, encode(params.encode, rollouts, vision)[0])
    sizes = (vision.z_size + memory.hidden_size, 2)
    genome = np.random.default_rng(0).normal(size=(1, parameter_count(sizes)))
    agent = AgentParts(vision, memory, Controllers.from_genomes(genome, sizes))
    evaluation, _ = evaluate(params.evaluate, task, agent, RandomStreams(0, "evaluate"))
    return params, agent, evaluation


@pytest.fixture
def folder(evaluated, tmp_path):
    """The files of a pipeline of two rounds that this stage reads."""
    _, (vision, memory, controllers), evaluation = evaluated
    Model(vision.kind, vision.parameters).write(tmp_path / "v.npz")
    Model(memory.kind, memory.arrays()).write(tmp_path / "m.npz")
    Model(controllers.kind, controllers.arrays(0)).write(tmp_path / "c.npz")
    evaluation.write(tmp_path / "evaluation.h5")
    write_round(tmp_path, 0, 700.0, frames=1050, episodes=50)
    write_round(tmp_path, 1, 650.0, frames=520, episodes=20)
    write_finetuning(tmp_path, {"train_env_steps": 100})
    return tmp_path


def written(folder):
    """The reports of the stage."""
    reports = folder / "reports"
    found = {path.relative_to(reports).as_posix() for path in reports.rglob("*") if path.is_file()}
    return found - {f"{kind}/finetune_c.json" for kind in ("metrics", "details", "cost")}


def numbers(folder, kind):
    """The metrics or details of the stage."""
    return json.loads((folder / f"reports/{kind}/visualize_carracing.json").read_text())


def test_an_episode_its_dream_and_every_track_and_round_are_shown(evaluated, folder, capsys):
    run(folder, "0", "1")
    assert written(folder) == {*OF_THE_STAGE, "curves/rounds.csv", "figures/rounds.png"}
    with Image.open(folder / "reports/drive.gif") as gif:
        assert gif.n_frames == read_params(QUICK).env.max_steps // 2 + 1
    metrics, details = numbers(folder, "metrics"), numbers(folder, "details")
    _, _, evaluation = evaluated
    returns = [evaluation.episode(number).total_reward for number in range(3)]
    assert evaluation.by_controller.tolist() == [True] * 3 + [False] * 2
    assert metrics["mean_return"] == pytest.approx(np.mean(returns))
    assert metrics["stderr"] == pytest.approx(np.std(returns) / np.sqrt(3))
    assert metrics["median_return"] == pytest.approx(np.median(returns))
    assert metrics["worst_return"] == pytest.approx(min(returns))
    assert details["shown_return"] == pytest.approx(np.median(returns))
    assert (metrics["finished_share"], details["above_900"]) == (0, 0)
    assert (metrics["core_hours"], details["env_frames"]) == (4.0, 6000 + 4 * 100)
    curve = read_curve(folder / "reports/curves/rounds.csv", "rounds")
    assert {name: values.tolist() for name, values in curve.items()} == {
        "round": [0, 1],
        "validation": [700, 650],
        "core_hours": [1.875, 3.75],
        "env_frames": [4000, 6000],
    }
    summary = capsys.readouterr().out
    assert "2 rounds and finetune_c took 4.0 core-hours and 6,400 frames of the game" in summary


def test_an_animation_begins_after_the_zoom_if_the_episode_goes_on(folder, monkeypatch):
    monkeypatch.setattr(drive_gif, "ZOOM_FRAMES", 9)  # three steps of four frames
    run(folder)
    with Image.open(folder / "reports/drive.gif") as gif:
        assert gif.n_frames == len((3, 5, 7, 8))


def test_frames_of_the_game_are_those_of_the_shown_steps(evaluated):
    params, _, evaluation = evaluated
    seed, episode = int(evaluation.track_seeds[0]), evaluation.episode(0)
    every, later = (
        visualize_carracing.game_frames(params.env, seed, episode, first) for first in (0, 2)
    )
    np.testing.assert_array_equal(every[1:], later)
    assert (np.diff(every.astype(int), axis=0) != 0).any(axis=(1, 2, 3)).all()


def test_without_rounds_there_is_no_figure_of_them(folder):
    run(folder)
    assert written(folder) == OF_THE_STAGE
    assert "core_hours" not in numbers(folder, "metrics")


def test_the_h_that_is_shown_is_the_one_that_c_acted_on(evaluated):
    _, (vision, memory, controllers), evaluation = evaluated
    episode = evaluation.episode(0)
    trace = visualize_carracing.trace_episode(vision, memory, episode)
    features = np.concatenate([trace.z, trace.h], axis=1)[:-1]
    actions = np.concatenate([controllers.act(row[None]) for row in features])
    np.testing.assert_allclose(actions, episode.actions, atol=1e-5)


@pytest.mark.parametrize("takes_c", [False, True])
def test_the_dream_has_the_same_first_z_and_is_the_same_again(evaluated, takes_c):
    params, agent, evaluation = evaluated
    if takes_c:
        sizes = (agent.vision.z_size + 2 * agent.memory.hidden_size, 2)
        genome = np.random.default_rng(0).normal(size=(1, parameter_count(sizes)))
        agent = agent._replace(controllers=Controllers.from_genomes(genome, sizes))
    episode = evaluation.episode(0)
    start = visualize_carracing.trace_episode(agent.vision, agent.memory, episode).z[:1]
    first, again = (
        visualize_carracing.trace_dream(
            agent, start, params.env, 1.3, RandomStreams(0, "visualize_carracing")
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.z[:1], start)
    np.testing.assert_array_equal(first.decoded, again.decoded)
    assert first.h.shape[1] == agent.memory.hidden_size
    assert not first.h[0].any()
    assert len(first.decoded) == len(first.z) == len(first.h) == len(first.rewards) + 1


def error_of(folder, *rounds, **options):
    """The message of a run that fails."""
    with pytest.raises(SystemExit) as stop:
        run(folder, *rounds, **options)
    assert not written(folder)
    return str(stop.value)


def test_an_episode_that_the_game_does_not_repeat_is_refused(evaluated, folder):
    _, _, evaluation = evaluated
    rewards = evaluation.rewards.copy()
    rewards[evaluation.first_step[:3] + 7] += 0.5  # of every episode of C
    dataclasses.replace(evaluation, rewards=rewards).write(folder / "evaluation.h5")
    message = error_of(folder)
    assert message.startswith("visualize_carracing: the episode on track ")
    assert "cannot be rendered: in step 7 its reward was " in message


def test_a_round_without_its_cost_is_named(folder):
    (folder / "1/reports/cost/train_m.json").unlink()
    assert error_of(folder, "0", "1").startswith(
        f"visualize_carracing: {folder}/1/reports/cost/train_m.json: no such file; stage train_m"
    )


def test_a_finetune_c_without_its_steps_is_named(folder):
    write_finetuning(folder, {})
    message = error_of(folder, "0", "1")
    assert "details/finetune_c.json: it should have a number 'train_env_steps'" in message


def test_an_evaluation_of_the_racing_environment_is_refused(quick, tmp_path):
    run_evaluate(quick, learn(quick))[0].write(tmp_path / "evaluation.h5")
    assert error_of(tmp_path) == (
        f"visualize_carracing: {tmp_path}/evaluation.h5: it holds evaluation of racing; only "
        "evaluation of carracing will do here"
    )


def test_params_of_the_racing_environment_are_refused(folder):
    message = error_of(folder, params=ROOT / "params.yaml")
    assert message.endswith("params.yaml: env.kind: must be carracing for visualize_carracing")


def test_agents_are_compared_track_by_track(evaluated, folder):
    """The second agent has its tracks in another order, and 10 points more on each."""
    _, _, evaluation = evaluated
    rewards = evaluation.rewards.copy()
    returns = np.array([evaluation.episode(number).total_reward for number in range(3)])
    rewards[evaluation.first_step[:3]] += 10
    better = dataclasses.replace(evaluation, rewards=rewards)
    parts = [better.slice(number, number + 1) for number in (2, 0, 1)]
    type(evaluation).concatenate(parts).write(folder / "better.h5")
    first, second = (TrackReturns.read(folder / f"{name}.h5") for name in ("evaluation", "better"))
    np.testing.assert_allclose(second.returns, returns + 10)
    assert second.row(first).endswith("| -10.0 ± 0.0, better on 0 of 3 |")
