"""Controls: policies that look at nothing, in the games of C's evaluation; and C's own actions."""

import json
import sys

import msgspec
import numpy as np
import pytest

from stages import evaluate_controls
from stages.evaluate import evaluate
from tests.support.small_agents import small_agent
from tests.support.toy_carracing import CarRacingEnv
from worldmodels.envs.carracing.task import CarRacingTask
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.params import Evaluate
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.reports import CURVES, read_curve
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.rollout.seed_tracks import TEST_SEEDS

GAMES = 5  # of each control; C has one more
SETTINGS = Evaluate(episodes=GAMES + 1, baseline_episodes=GAMES)


def constant(throttle):
    return np.array([[0.0, throttle]], np.float32)


CONTROLS = {
    "still": {"still": constant(0)},
    "left": {"left": constant(-1)},  # ends at once, off the track
    "sweep": {"slow": constant(0.1), "fast": constant(0.4), "back": constant(-0.3)},
}


@pytest.fixture
def task(carracing, monkeypatch):
    """The toy, with controls."""
    monkeypatch.setattr(CarRacingTask, "controls", CONTROLS)
    return make_task(carracing.env)


@pytest.fixture
def evaluation(task):
    """Test episodes of a C with random weights, and of the random policy."""
    return evaluate(SETTINGS, task, small_agent(task), RandomStreams(0, "evaluate"))[0]


def run(task, evaluation, settings=SETTINGS):
    streams = RandomStreams(0, "evaluate_controls")
    return evaluate_controls.evaluate_controls(settings, task, evaluation, streams)


def played(seed, actions, max_steps, frame_skip=2):
    """The return in a game of that seed of actions that begin anew at their end."""
    env, total = CarRacingEnv([seed], 1, max_steps, frame_skip=frame_skip), 0.0
    for step in range(max_steps):
        _, reward, terminated, truncated, _ = env.step(actions[step % len(actions)][None])
        total += reward[0]
        if terminated[0] or truncated[0]:
            break
    return total


def test_each_control_plays_the_first_test_games(task, evaluation):
    details = run(task, evaluation).details
    best = [played(seed, constant(0.4), task.max_steps) for seed in range(GAMES)]
    assert details["sweep"]["episodes"] == GAMES
    assert details["sweep"]["mean_return"] == pytest.approx(np.mean(best))
    assert details["sweep"]["stderr"] == pytest.approx(np.std(best) / np.sqrt(GAMES))
    assert details["sweep"]["median_return"] == pytest.approx(np.median(best))
    assert details["sweep"]["worst_return"] == pytest.approx(min(best))
    assert details["left"]["off_track"] == GAMES
    assert (details["still"]["mean_return"], details["still"]["off_track"]) == (0, 0)


def test_the_best_candidate_is_chosen_on_validation_tracks_alone(task, evaluation, monkeypatch):
    seeds, make_env = [], CarRacingTask.make_env

    def spy(self, tracks, num_envs):
        seeds.append(list(tracks))
        return make_env(self, tracks, num_envs)

    monkeypatch.setattr(CarRacingTask, "make_env", spy)
    details = run(task, evaluation).details
    assert details["sweep"]["chosen"] == "fast"
    validation = details["sweep"]["validation"]
    assert list(validation) == ["slow", "fast", "back"]
    assert validation["slow"] < validation["fast"] > validation["back"]
    assert "chosen" not in details["still"]
    first, *_ = seeds
    assert min(first) >= TEST_SEEDS
    assert seeds == 3 * [first] + 4 * [[*range(GAMES)]]  # three candidates; each policy's test


def test_actions_of_c_are_played_in_the_game_before_their_own(task, evaluation):
    by_c = np.flatnonzero(evaluation.by_controller)
    assert len(by_c) == GAMES + 1
    actions = [evaluation.episode(number).actions for number in by_c]
    expected = [played(seed, actions[seed + 1], task.max_steps) for seed in range(GAMES)]
    details = run(task, evaluation).details
    assert details["own_actions"]["mean_return"] == pytest.approx(np.mean(expected))
    assert details["own_actions"]["worst_return"] == pytest.approx(min(expected))


def test_there_may_be_more_games_than_c_has_played(task, evaluation):
    settings = Evaluate(episodes=GAMES + 1, baseline_episodes=2 * GAMES)
    actions = [evaluation.episode(number).actions for number in range(GAMES + 1)]
    expected = [
        played(seed, actions[(seed + 1) % (GAMES + 1)], task.max_steps) for seed in range(2 * GAMES)
    ]
    details = run(task, evaluation, settings).details
    assert details["own_actions"]["mean_return"] == pytest.approx(np.mean(expected))


def test_c_and_the_random_policy_are_those_of_the_evaluation(task, evaluation):
    result = run(task, evaluation)
    of_c = [evaluation.episode(number).total_reward for number in range(GAMES + 1)]
    metrics = result.metrics
    assert metrics["controller_return"] == pytest.approx(np.mean(of_c))
    assert metrics["controller_stderr"] == pytest.approx(np.std(of_c) / np.sqrt(GAMES + 1))
    assert result.details["random"]["episodes"] == GAMES
    assert metrics["above_own_actions"] == pytest.approx(
        np.mean(of_c) - result.details["own_actions"]["mean_return"]
    )
    policies = CURVES["evaluate_controls"][1:]
    assert list(metrics) == [
        *(f"{name}_{number}" for name in policies for number in ("return", "stderr")),
        "above_own_actions",
    ]


def test_an_environment_without_controls_is_refused(carracing, evaluation, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(ParamsError, match=r"^env\.kind: must be one that has controls, doom"):
        run(make_task(carracing.env), evaluation)


def test_a_single_game_of_c_has_no_other_game_for_its_actions(task):
    settings = Evaluate(episodes=1, baseline_episodes=1)
    evaluation, _ = evaluate(settings, task, small_agent(task), RandomStreams(0, "evaluate"))
    with pytest.raises(ParamsError, match=r"^evaluate\.episodes: must be at least 2 .*; found 1$"):
        run(task, evaluation, settings)


def test_the_stage_writes_metrics_details_and_percentiles(
    task, carracing, evaluation, tmp_path, monkeypatch, capsys
):
    evaluation.write(tmp_path / "evaluation.h5")
    params = msgspec.to_builtins(msgspec.structs.replace(carracing, evaluate=SETTINGS))
    params = {name: section for name, section in params.items() if section is not None}
    (tmp_path / "params.yaml").write_text(json.dumps(params))
    options = ["--params", str(tmp_path / "params.yaml"), "--reports", str(tmp_path / "reports")]
    command = ["evaluate_controls", str(tmp_path / "evaluation.h5"), *options]
    monkeypatch.setattr(sys, "argv", command)
    observed = []

    def spy(env, **options):
        observed.append(options)
        return make_task(env, **options)

    monkeypatch.setattr(evaluate_controls, "make_task", spy)
    evaluate_controls.main()
    assert observed == [{"observed": False}]  # nothing need be drawn
    result = run(task, evaluation)
    for kind, numbers in (("metrics", result.metrics), ("details", result.details)):
        path = tmp_path / f"reports/{kind}/evaluate_controls.json"
        assert json.loads(path.read_text()) == numbers
    curve = read_curve(tmp_path / "reports/curves/evaluate_controls.csv", "evaluate_controls")
    np.testing.assert_array_equal(curve["percentile"], np.arange(101))
    returns = [evaluation.episode(number).total_reward for number in range(GAMES + 1)]
    assert curve["controller"][[0, -1]] == pytest.approx([min(returns), max(returns)], rel=1e-5)
    assert curve["controller"][50] == pytest.approx(np.median(returns), rel=1e-5)
    assert "sweep (fast)" in capsys.readouterr().out
