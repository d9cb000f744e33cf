"""Dreams beside the episodes that they start in, and C by the temperature of its dreams."""

import json

import msgspec
import numpy as np
import pytest

from benchmarks.learning import learn, run_evaluate
from stages.compare_dream import compare_dream, steps_in_view
from worldmodels.agent.loading import AgentParts
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.one_step import one_step_predictions
from worldmodels.open_loop_error import closed_loop_error, open_loop_error
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.reports import read_numbers
from worldmodels.pipeline.seeding import RandomStreams

replace = msgspec.structs.replace


class CountingMemory:
    """Predicts that each number of the next z is the first number of this z plus 0.5."""

    hidden_size = 1

    def step(self, z, actions, h, c):
        return z[:, :1] + 0.5, c

    def head_features(self, h, z, actions):
        return h

    def predict(self, head_features, z):
        return head_features

    def sample(self, head_features, z, uniform, normal, temperature):
        return head_features + temperature * normal

    def reward_and_done(self, head_features):
        """Ends an episode with probability 1/2 where z is at least 1."""
        return head_features[:, 0], (head_features[:, 0] >= 1) / 2


def test_a_one_step_prediction_is_given_each_z_before_it():
    z = np.array([[0.0], [5], [7], [8]], np.float32).repeat(3, axis=1)
    predicted = one_step_predictions(CountingMemory(), z, np.zeros((3, 2), np.float32))
    np.testing.assert_allclose(predicted, z[:-1, :1] + 0.5)


@pytest.mark.parametrize("name", ["mean_rollout", "one_step"])
def test_an_m_of_changes_that_predicts_none_is_as_bad_as_persistence(name):
    rng = np.random.default_rng(0)
    memory = DeterministicLSTM.initial(3, 2, 4, rng, predict_change=True, predict_reward_done=True)
    memory.parameters["z.weight"][...] = 0
    z = rng.standard_normal((5, 2, 3)).astype(np.float32)
    actions, lengths = np.zeros((4, 2, 2), np.float32), np.array([4, 4])
    errors, _ = open_loop_error(memory, z, actions, lengths, 1.0, seed=0)
    if name == "one_step":
        change = np.sqrt(np.square(z[1:] - z[:-1]).mean(axis=(1, 2))) / np.sqrt(
            z.reshape(-1, 3).var(axis=0).mean()
        )
        np.testing.assert_allclose(errors[name], change, rtol=1e-5)
        one_step = one_step_predictions(memory, z[:, 0], actions[:, 0])
        np.testing.assert_allclose(one_step, z[:-1, 0])
    else:
        np.testing.assert_allclose(errors[name], errors["persistence"])


def test_the_error_of_a_dream_grows_with_every_step_without_an_observation():
    z = np.arange(5, dtype=np.float32)[:, None, None].repeat(3, axis=1)  # one more each step
    z = z + np.array([0, 10, 20], np.float32)[:, None]
    lengths = np.array([4, 4, 2])
    errors, ended = open_loop_error(
        CountingMemory(), z, np.zeros((4, 3, 2), np.float32), lengths, 0.0, seed=0
    )
    observed = np.concatenate([z[: length + 1, number] for number, length in enumerate(lengths)])
    std = observed.std()
    np.testing.assert_allclose(errors["dream"] * std, [0.5, 1, 1.5, 2], rtol=1e-5)
    np.testing.assert_allclose(errors["mean_rollout"], errors["dream"])
    np.testing.assert_allclose(errors["persistence"] * std, [1, 2, 3, 4], rtol=1e-5)
    np.testing.assert_allclose(errors["one_step"] * std, [0.5] * 4, rtol=1e-5)
    np.testing.assert_allclose(
        errors["shuffled"] * std, [np.sqrt(200), np.sqrt(200), 10, 10], rtol=1e-5
    )
    # The first dream is at 0.5, 1, 1.5, 2; the others at 10 and 20; the last episode has two steps.
    np.testing.assert_allclose(ended, [2 / 2 / 3, 0.5 / 3 + 2 * 0.75 / 3, 13 / 16, 29 / 32])
    noisy, _ = open_loop_error(
        CountingMemory(), z, np.zeros((4, 3, 2), np.float32), lengths, 9.0, seed=0
    )
    assert (noisy["dream"] > errors["dream"]).all()
    np.testing.assert_array_equal(noisy["mean_rollout"], errors["mean_rollout"])


def test_errors_are_of_as_many_steps_as_half_of_the_episodes_have():
    z = np.arange(10, dtype=np.float32)[:, None, None].repeat(3, axis=1)
    actions = np.zeros((9, 3, 2), np.float32)
    errors, ended = open_loop_error(CountingMemory(), z, actions, np.array([2, 5, 9]), 0.0, seed=0)
    assert {len(error) for error in errors.values()} == {5} == {len(ended)}
    alone, _ = open_loop_error(
        CountingMemory(), z[:, :1], actions[:, :1], np.array([9]), 0.0, seed=0
    )
    assert "shuffled" not in alone  # it would be compared with itself


def test_dreams_and_episodes_are_compared_while_both_last():
    z = np.zeros((4, 3, 2), np.float32)
    z[1::2] = 2  # 0, 2, 0, 2: of standard deviation 1
    dreams = z + np.array([1, 2, 5], np.float32)[:, None]
    errors = closed_loop_error(dreams, np.array([3, 2, 1]), z, np.array([2, 3, 3]))
    scale = z[np.arange(4)[:, None] <= [2, 3, 3]].std()
    np.testing.assert_allclose(errors * scale, [np.sqrt(10), np.sqrt(2.5)], rtol=1e-6)


def test_a_car_leaves_its_first_view_where_it_is_beyond_the_reach_for_the_first_time():
    x = np.array([5.0, 6, 8, 9.5, 5, 20])
    states = np.stack([x, np.ones(6), np.zeros(6), np.zeros(6)], axis=1)
    assert steps_in_view(states, 4.0) == 3
    assert steps_in_view(states[:3], 4.0) == 3  # never


@pytest.fixture(scope="module")
def dreaming(quick):
    train_m = replace(quick.train_m, predict_reward_done=True, ensemble_size=2)
    evolve_c = replace(quick.evolve_c, train_in="dream", generations=2)
    return replace(quick, train_m=train_m, evolve_c=evolve_c)


@pytest.mark.parametrize("inputs", ["zh", "zch"])
def test_episodes_and_dreams_have_the_same_starts(dreaming, inputs):
    dreaming = replace(dreaming, evolve_c=replace(dreaming.evolve_c, inputs=inputs))
    trained = learn(dreaming)
    evaluation, evaluated = run_evaluate(dreaming, trained)
    agent = AgentParts(trained.vision, trained.memory, trained.controllers)

    def compare(seed):
        return compare_dream(20, 1.0, 4.0, agent, evaluation, RandomStreams(seed, "compare_dream"))

    figure_set, result = compare(0)
    assert set(figure_set.figures) == {"open_loop_error", "filmstrip"}
    assert len(figure_set.frames) <= max(evaluation.lengths.max(), 20) + 1
    names = {"dream_error_10", "persistence_error_10", "dream_return", "env_return"}
    assert set(result.metrics) == names
    assert result.metrics["env_return"] == pytest.approx(evaluated.metrics["mean_return"])
    assert 0 < result.details["persistence_error_1"] < 1
    assert compare(0)[1] == result
    assert compare(1)[1] != result


def test_an_m_that_cannot_dream_is_refused(project_of_models, tmp_path):
    result = project_of_models.stage(
        "compare_dream", "models/v.npz", "models/m.npz", "models/c.npz", "data/evaluation.h5"
    )
    assert result.returncode == 1
    assert result.stderr.startswith(
        "compare_dream: models/m.npz: this M predicts no rewards and episode ends"
    )
    assert len(result.stderr.splitlines()) == 1


@pytest.fixture(scope="module")
def project_of_models(make_run_project):
    return make_run_project()


def test_the_figure_of_the_study_is_drawn_from_its_curve_alone(project_of_models):
    columns = "temperature,dream_return,env_return,env_return_min,env_return_max"
    project_of_models.write(
        "reports/curves/temperature_study.csv",
        f"{columns},off_track_share,baseline\n0.1,120,62,10,114,0.5,2\n1,100,105,100,110,0,2\n",
    )
    result = project_of_models.stage("visualize_temperature")
    assert result.stdout == (
        "visualize_temperature: a figure of 2 temperatures, from 0.1 (return +62.0) to 1 (+105.0)\n"
    )
    assert project_of_models.read("reports/figures/temperature.png").startswith(b"\x89PNG")


def test_a_missing_number_is_reported_with_its_file_and_stage(tmp_path):
    path = tmp_path / "evaluate.json"
    with pytest.raises(UserError, match=r"evaluate\.json: no such file; stage evaluate makes it"):
        read_numbers(path, "evaluate", ["a"])
    for text, words in (
        ("{", "damaged"),
        ("[1]", r"it should have a number 'a\.b', found None"),
        ('{"a": {"b": "x"}}', "found 'x'"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=words):
            read_numbers(path, "evaluate", ["a.b"])
    path.write_text(json.dumps({"a": {"b": 3}}))
    assert read_numbers(path, "evaluate", ["a.b"]) == [3.0]
