"""Training of C in dreams, and its evaluations in the environment."""

import msgspec
import numpy as np
import pytest

from tests.support.numbered_latents import numbered_latents
from tests.support.ppo_settings import SETTINGS
from tests.support.small_agents import FEATURES, Z, small_agent
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.envs.registry import make_task
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline import checkpoints as checkpoints_module
from worldmodels.pipeline.checkpoints import Checkpoints
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.ppo import loop
from worldmodels.ppo.loop import train_c
from worldmodels.rollout.loop import EpisodeStats

replace = msgspec.structs.replace
IN_ENV = replace(SETTINGS, train_in="env")
TWO = replace(INLINE, executor="processes", workers=2)


@pytest.fixture
def task(quick):
    return make_task(replace(quick.env, tracks="random", max_steps=20))


@pytest.fixture
def latents():
    rng = np.random.default_rng(0)
    return numbered_latents(
        np.array([20, 12, 16]), round=np.zeros(3, int), mean=rng.normal(size=(51, Z)).astype("f4")
    )


def train(task, latents, settings=SETTINGS, reward=0.0, **options):
    agent = small_agent(task, settings.inputs)
    agent.memory.members[0].parameters["reward.bias"][...] += reward
    parts = agent.vision, agent.memory, latents, RandomStreams(0, "train_c")
    return train_c(settings, task, *parts, **options)


def assert_same(ours, theirs):
    for name, array in theirs[0].arrays(0).items():
        np.testing.assert_array_equal(ours[0].arrays(0)[name], array)
    assert ours[1] == theirs[1]


@pytest.mark.parametrize(("inputs", "hidden"), [("z", 0), ("zh", 3), ("zch", 2)])
def test_c_is_of_the_kind_that_the_params_ask_for(task, latents, inputs, hidden):
    settings = replace(SETTINGS, inputs=inputs, hidden=hidden, iterations=1)
    controllers, result = train(task, latents, settings)
    assert controllers.kind == ("hidden" if hidden else "linear")
    assert (controllers.features, controllers.actions) == (FEATURES[inputs], 2)
    assert [row["iteration"] for row in result.curve] == [1]
    assert result.details["dream_steps"] == 6 * 5


@pytest.mark.parametrize(("eval_every", "chosen"), [(1, 3), (2, 2), (0, 4)])
def test_the_best_that_is_evaluated_is_selected_or_the_last(
    task, latents, monkeypatch, eval_every, chosen
):
    returns = {1: [1, 4, 3, 9, 5], 2: [1, 9, 3], 0: [7, 3]}[eval_every]  # 0: the initial one's
    summary, values = EpisodeStats.summary, iter(returns)
    monkeypatch.setattr(
        EpisodeStats, "summary", lambda self: {**summary(self), "mean_return": next(values)}
    )
    controllers, result = train(task, latents, replace(SETTINGS, eval_every=eval_every))
    assert result.details["chosen_iteration"] == chosen
    assert result.metrics["initial_return"] == returns[0]
    expected = 9 if eval_every else 3
    assert result.metrics["validation_return"] == result.curve[-1]["validation"] == expected
    monkeypatch.undo()
    seen = []
    validation = loop.Validation.__call__
    monkeypatch.setattr(
        loop.Validation, "__call__", lambda *each: (seen.append(each[1]), validation(*each))[1]
    )
    train(task, latents, replace(SETTINGS, eval_every=1))
    for name, array in seen[chosen].arrays(0).items():
        np.testing.assert_array_equal(controllers.arrays(0)[name], array)


def test_without_iterations_c_stays_what_it_starts_as(task, latents):
    sizes = (FEATURES["zh"], 3, 2)
    genomes = np.random.default_rng(0).normal(size=(1, parameter_count(sizes)))
    initial = Controllers.from_genomes(genomes, sizes)
    controllers, result = train(task, latents, replace(SETTINGS, iterations=0), initial=initial)
    for name, array in initial.arrays(0).items():
        np.testing.assert_allclose(controllers.arrays(0)[name], array, atol=1e-5)
    assert result.metrics["validation_return"] == result.metrics["initial_return"]
    assert not result.curve


@pytest.mark.parametrize("settings", [SETTINGS, IN_ENV])
def test_c_acts_on_the_h_of_another_m(task, latents, settings):
    other = DeterministicLSTM.initial(Z, 2, 3, np.random.default_rng(1))  # which cannot dream
    settings = replace(settings, inputs="zh", iterations=1)
    controllers, result = train(task, latents, settings, policy_memory=Ensemble([other]))
    assert controllers.features == Z + 3
    assert len(result.curve) == 1


def test_the_result_is_the_same_on_two_processes(task, latents, monkeypatch):
    monkeypatch.setattr(type(task), "max_envs", 2)  # several shards
    assert_same(train(task, latents, compute=TWO), train(task, latents))


def test_c_is_trained_in_the_environment_with_the_same_result_on_two_processes(
    task, latents, monkeypatch
):
    monkeypatch.setattr(type(task), "max_envs", 2)  # several shards
    expected = train(task, latents, IN_ENV)
    assert_same(train(task, latents, IN_ENV, compute=TWO), expected)
    details = expected[1].details
    assert details["episodes"] == IN_ENV.iterations * IN_ENV.episodes
    assert "dream_steps" not in details
    assert "; in training from " in expected[1].summary
    assert expected[1].curve != train(task, latents)[1].curve


class StopError(Exception):
    pass


@pytest.mark.parametrize(
    ("settings", "last"), [(SETTINGS, 0), (SETTINGS, 1), (SETTINGS, 3), (IN_ENV, 1)]
)
def test_a_run_that_is_stopped_continues_and_ends_alike(
    task, latents, tmp_path, monkeypatch, settings, last
):
    monkeypatch.setattr(checkpoints_module, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints_module, "SHARE", 1e9)
    expected = train(task, latents, settings)
    update, updates = loop.PPO.update, []

    def update_or_stop(*arguments):
        if len(updates) == last:
            raise StopError
        updates.append(1)
        return update(*arguments)

    checkpoints = Checkpoints(tmp_path, "fingerprint")
    monkeypatch.setattr(loop.PPO, "update", update_or_stop)
    with pytest.raises(StopError):
        train(task, latents, settings, checkpoints=checkpoints)
    updates = []
    monkeypatch.setattr(loop.PPO, "update", lambda *each: (updates.append(1), update(*each))[1])
    assert_same(train(task, latents, settings, checkpoints=checkpoints), expected)
    assert len(updates) == SETTINGS.iterations - last


def test_the_learning_rate_decays(task, latents, monkeypatch):
    update, factors = loop.PPO.update, []

    def record(learner, batch, factor, rng):
        factors.append(factor)
        return update(learner, batch, factor, rng)

    monkeypatch.setattr(loop.PPO, "update", record)
    train(task, latents)
    np.testing.assert_allclose(factors, [1, 0.775, 0.55, 0.325])


def test_weights_that_are_not_finite_are_reported(task, latents):
    words = r"^train_c\.learning_rate: after iteration 1 C or its critic has weights that"
    with pytest.raises(ParamsError, match=words):
        train(task, latents, reward=np.inf)
