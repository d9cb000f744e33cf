"""The stages with a V and an M of columns, in the racing environment."""

import msgspec
import numpy as np
import pytest

from benchmarks.learning import learn, run_evaluate, run_train_m
from worldmodels.agent.loading import Spaces, load_vision_and_memory
from worldmodels.envs.registry import make_task
from worldmodels.memory.registry import make_memory
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.storage.artifacts import Latents, Model

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def columns(quick):
    """The quick recipe with columns and own predictions, smaller, and C in dreams."""
    return replace(
        quick,
        train_v=replace(quick.train_v, kind="column_vae", z_size=6, hidden=16, epochs=1),
        train_m=replace(
            quick.train_m,
            kind="conv_lstm",
            hidden=4,
            head_hidden=8,
            predict_change=True,
            predict_reward_done=True,
            own_prediction_share=0.5,
            epochs=2,
        ),
        evolve_c=replace(
            quick.evolve_c,
            train_in="dream",
            inputs="zch",
            pca_components=3,
            generations=2,
            population=4,
        ),
        evaluate=replace(quick.evaluate, episodes=2, baseline_episodes=1),
        compute=INLINE,
    )


@pytest.fixture(scope="module")
def agent(columns):
    return learn(columns)


def test_the_stages_run_and_c_sees_the_h_and_c_of_all_columns(columns, agent):
    assert (agent.vision.columns, agent.memory.columns) == (2, 2)
    assert agent.memory.hidden_size == 8
    assert agent.controllers.features == 6 + 2 * 8
    assert np.isfinite(list(agent.results["train_m"].details.values())).all()
    _, result = run_evaluate(columns, agent)
    assert np.isfinite(result.metrics["mean_return"])


def test_the_files_are_read_back_and_other_columns_are_refused(columns, agent, tmp_path):
    v, m = tmp_path / "v.npz", tmp_path / "m.npz"
    Model(agent.vision.kind, agent.vision.parameters).write(v)
    Model(agent.memory.kind, agent.memory.arrays()).write(m)
    task = make_task(columns.env)
    spaces = Spaces(task.observation_shape, task.action_size)
    vision, memory = load_vision_and_memory(v, m, spaces)
    assert (vision.kind, vision.columns, memory.columns) == ("column_vae", 2, 2)
    rng = np.random.default_rng(0)
    three = make_memory("conv_lstm", 6, 2, rng, hidden=4, head_hidden=8, columns=3)
    Model("conv_lstm", three.arrays()).write(m)
    with pytest.raises(UserError, match="M was made for z of 3 columns, but V's has 2"):
        load_vision_and_memory(v, m, spaces)


def test_latents_of_another_v_are_refused(columns):
    latents = Latents(
        lengths=np.array([9, 9]),
        terminated=np.zeros(2, bool),
        held_out=np.array([False, True]),
        round=np.zeros(2, int),
        mean=np.zeros((20, 5), np.float32),
        logvar=np.zeros((20, 5), np.float32),
        actions=np.zeros((18, 2), np.float32),
        rewards=np.zeros(18),
    )
    words = r"^train_m\.kind: z of 5 numbers cannot be split into 2 columns; run 'dvc repro encode'"
    with pytest.raises(ParamsError, match=words):
        run_train_m(columns, latents)


def test_own_predictions_change_what_m_learns(columns):
    settings = columns.collect
    small = replace(columns, collect=replace(settings, episodes=6, held_out_episodes=2))
    losses = [
        learn(replace(small, train_m=replace(small.train_m, own_prediction_share=share)))
        .results["train_m"]
        .metrics["held_out_loss"]
        for share in (0.0, 1.0, 1.0)
    ]
    assert losses[1] == losses[2] != losses[0]
