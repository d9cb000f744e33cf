"""Fine-tuning of C in the environment."""

import msgspec
import numpy as np
import pytest

from stages.finetune_c import STREAM
from tests.support.small_agents import H, Z, small_agent
from worldmodels.controller.controller import Controllers
from worldmodels.envs.registry import make_task
from worldmodels.finetune import loop
from worldmodels.finetune.loop import finetune
from worldmodels.pipeline import checkpoints as checkpoints_module
from worldmodels.pipeline.checkpoints import Checkpoints
from worldmodels.pipeline.config.params import INLINE, FinetuneC
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.rollout.loop import EpisodeStats

replace = msgspec.structs.replace
SETTINGS = FinetuneC(
    iterations=4,
    episodes=6,
    action_std=0.3,
    std_end_factor=0.5,
    noise_correlation=0.6,
    pca_components=8,
    step_size=1.0,
    discount=0.9,
    gae_lambda=0.9,
    patience=0,
    eval_every=2,
    validation_episodes=5,
)


@pytest.fixture
def task(quick):
    return make_task(replace(quick.env, tracks="random", max_steps=20))


def streams(seed=0):
    return RandomStreams(seed, STREAM)


def assert_same_controller(ours, theirs):
    for name, array in theirs.arrays(0).items():
        np.testing.assert_array_equal(ours.arrays(0)[name], array)


def test_a_car_at_rest_learns_to_move(carracing):
    """In the toy environment going forwards is all that counts."""
    task = make_task(replace(carracing.env, max_steps=12))
    agent = small_agent(task)
    at_rest = Controllers.from_genomes(np.zeros((1, 20)), (Z + H, 2))
    settings = replace(SETTINGS, iterations=12, episodes=24, pca_components=2, eval_every=4)
    controllers, result = finetune(settings, task, agent._replace(controllers=at_rest), streams())
    assert result.metrics["initial_return"] == 0
    assert result.metrics["validation_return"] > 5
    assert result.details["chosen_iteration"] in (4, 8, 12)
    assert controllers.arrays(0)["layer1.bias"][1] > 0.1
    assert [row["iteration"] for row in result.curve] == list(range(1, 13))
    assert result.curve[-1]["validation"] == result.metrics["validation_return"]
    assert result.details["episodes"] == 12 * 24


def test_the_initial_c_is_kept_if_no_iterate_is_better(task, monkeypatch):
    agent = small_agent(task)
    settings = replace(SETTINGS, step_size=50.0, iterations=2, eval_every=1)
    returns = iter([5.0, 4.0, 3.0])
    summary = EpisodeStats.summary
    monkeypatch.setattr(
        EpisodeStats, "summary", lambda self: {**summary(self), "mean_return": next(returns)}
    )
    controllers, result = finetune(settings, task, agent, streams())
    assert result.details["chosen_iteration"] == 0
    assert_same_controller(controllers, agent.controllers)
    assert [row["validation"] for row in result.curve] == [5.0, 5.0]


def test_there_may_be_no_iteration(task):
    settings = replace(SETTINGS, iterations=0)
    _, result = finetune(settings, task, small_agent(task), streams())
    assert result.metrics["validation_return"] == result.metrics["initial_return"]
    assert result.curve == []


def test_the_result_is_the_same_on_two_processes(task):
    agent = small_agent(task)
    inline, _ = finetune(SETTINGS, task, agent, streams(), compute=INLINE)
    two_processes = replace(INLINE, executor="processes", workers=2)
    parallel, _ = finetune(SETTINGS, task, agent, streams(), compute=two_processes)
    assert_same_controller(parallel, inline)


class StopError(Exception):
    pass


@pytest.mark.parametrize("last", [0, 1, 2, 3])
def test_a_run_that_is_stopped_continues_and_ends_alike(task, tmp_path, monkeypatch, last):
    monkeypatch.setattr(checkpoints_module, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints_module, "SHARE", 1e9)
    agent = small_agent(task)
    expected, expected_result = finetune(SETTINGS, task, agent, streams())
    update, updates = loop.update, []

    def update_or_stop(*arguments):
        if len(updates) == last:
            raise StopError
        updates.append(1)
        update(*arguments)

    checkpoints = Checkpoints(tmp_path, "fingerprint")
    monkeypatch.setattr(loop, "update", update_or_stop)
    with pytest.raises(StopError):
        finetune(SETTINGS, task, agent, streams(), checkpoints)
    updates = []
    monkeypatch.setattr(loop, "update", lambda *each: (updates.append(1), update(*each)))
    controllers, result = finetune(SETTINGS, task, agent, streams(), checkpoints)
    assert len(updates) == SETTINGS.iterations - last
    assert_same_controller(controllers, expected)
    assert result == expected_result


def test_noise_decays_and_steps_with_it(task, monkeypatch):
    update, stds = loop.update, []

    def record(learner, step_size, noise, batch):
        stds.append(noise.std)
        assert batch.noise.std() == pytest.approx(1, abs=0.3)
        update(learner, step_size, noise, batch)

    monkeypatch.setattr(loop, "update", record)
    finetune(SETTINGS, task, small_agent(task), streams())
    np.testing.assert_allclose(stds, [0.3, 0.25, 0.2, 0.15])


def test_a_c_with_a_hidden_layer_is_refused(task):
    size = 3 * (Z + H + 1) + 2 * (3 + 1)
    controllers = Controllers.from_genomes(np.zeros((1, size)), (Z + H, 3, 2))
    agent = small_agent(task)._replace(controllers=controllers)
    with pytest.raises(UserError, match="a C with a hidden layer cannot be fine-tuned"):
        finetune(SETTINGS, task, agent, streams())


def test_parameters_that_overflow_are_reported(task, monkeypatch):
    def learn(self, *_):
        self.theta = self.theta * np.float64(1e300)

    monkeypatch.setattr(loop.ActorCritic, "learn", learn)
    words = r"^finetune_c\.step_size: C's parameters overflow with 1; try a smaller one"
    with pytest.raises(ParamsError, match=words):
        finetune(SETTINGS, task, small_agent(task), streams())
