"""V, M and C of a trained agent, each alone."""

import numpy as np
import pytest

import worldmodels
from tests.support.project import ROOT
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.registry import make_memory
from worldmodels.pretrained.models import MemoryState, PretrainedMemory


@pytest.fixture
def agent():
    return worldmodels.load(ROOT / "carracing" / "released")


@pytest.fixture
def batch():
    return np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), np.uint8)


def test_pictures_become_z_and_z_pictures(agent, batch):
    z = agent.vision.encode(batch)
    assert z.shape == (3, agent.vision.z_size)
    pictures = agent.vision.decode(z)
    assert (pictures.shape, pictures.dtype) == ((3, 28, 32, 3), np.uint8)
    assert agent.vision.decode(z[0]).shape == (28, 32, 3)
    with pytest.raises(ValueError, match=r"z should have 32 numbers a row; found \(3, 31\)"):
        agent.vision.decode(z[:, 1:])


def test_memory_steps_and_predicts_what_the_dream_takes(agent, batch):
    z = agent.vision.encode(batch)
    actions = np.zeros((3, 2), np.float32)
    state = agent.memory.step(z, actions)
    zeros = MemoryState(*np.zeros((2, 3, agent.memory.hidden_size), np.float32))
    np.testing.assert_array_equal(agent.memory.step(z, actions, zeros), state)
    assert not np.array_equal(agent.memory.step(z, actions, state).h, state.h)
    prediction = agent.memory.predict(state)
    assert (prediction.z.shape, prediction.reward.shape) == ((3, 32), (3,))
    assert ((prediction.p_done >= 0) & (prediction.p_done <= 1)).all()
    one = agent.memory.predict(agent.memory.step(z[0], actions[0]))
    np.testing.assert_allclose(one.z, prediction.z[0], atol=1e-4)
    assert one.reward.shape == ()


def test_an_m_of_changes_needs_z_to_predict():
    rng = np.random.default_rng(0)
    memory, other = (
        PretrainedMemory(Ensemble([DeterministicLSTM.initial(4, 2, 5, rng, predict_change=change)]))
        for change in (True, False)
    )
    z, action = rng.standard_normal((3, 4)), np.zeros((3, 2))
    state = memory.step(z, action)
    with pytest.raises(ValueError, match=r"predicts the change of z: predict\(state, z\) needs z"):
        memory.predict(state)
    features = memory.model.head_features(state.h, None, None)
    np.testing.assert_allclose(
        memory.predict(state, z).z - z, memory.model.predict(features, 0 * z), atol=1e-6
    )
    with pytest.raises(ValueError, match="z and h should be equally many"):
        memory.predict(state, z[0])
    np.testing.assert_array_equal(other.predict(state, z).z, other.predict(state).z)


def test_an_m_of_columns_needs_z_and_the_action_to_predict():
    rng = np.random.default_rng(0)
    model = make_memory("conv_lstm", 4, 2, rng, hidden=3, head_hidden=5, columns=2)
    memory = PretrainedMemory(Ensemble([model]))
    z, action = rng.standard_normal((3, 4), np.float32), rng.standard_normal((3, 2), np.float32)
    state = memory.step(z, action)
    with pytest.raises(ValueError, match=r"predict\(state, z, action\) needs both"):
        memory.predict(state, z)
    expected = model.predict(model.head_features(state.h, z, action), z)
    np.testing.assert_allclose(memory.predict(state, z, action).z, expected, atol=1e-6)
    with pytest.raises(ValueError, match="actions and h should be equally many"):
        memory.predict(state, z, action[:2])


@pytest.mark.parametrize(
    ("z", "action", "words"),
    [
        (np.zeros(31), np.zeros(2), r"z should have 32 numbers"),
        (np.zeros(32), np.zeros(3), r"the action should have 2 numbers a row; found \(3,\)"),
        (np.full(32, np.nan), np.zeros(2), "z should be finite numbers; found NaN"),
        (
            np.zeros((2, 32)),
            np.zeros((3, 2)),
            r"z, actions, h and c should be equally many",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(agent, z, action, words):
    with pytest.raises(ValueError, match=words):
        agent.memory.step(z, action)


def test_a_change_of_cs_weights_changes_what_it_does(agent, batch):
    before = agent.act(batch[0])
    agent.controller.weight[0] = 0
    agent.controller.bias[0] = 1
    agent.reset()
    after = agent.act(batch[0])
    assert after[0] == np.tanh(np.float32(1)) != before[0]
    np.testing.assert_array_equal(after[1:], before[1:])
    np.testing.assert_array_equal(
        agent.controller(agent.z, np.zeros(agent.memory.hidden_size)), agent.action
    )


def test_weights_can_be_assigned(agent):
    agent.controller.weight = np.zeros_like(agent.controller.weight)
    agent.controller.bias = [0.5, -0.5]
    action = agent.controller(np.zeros(32), np.zeros(agent.memory.hidden_size))
    np.testing.assert_allclose(action, np.tanh([0.5, -0.5]), rtol=1e-6)


@pytest.mark.parametrize(
    ("z", "h", "words"),
    [
        (np.zeros(192), np.zeros(32), "z should have 32 numbers a row"),
        (np.zeros(32), np.zeros(5), r"h should have 192 numbers a row; found \(5,\)"),
        (np.zeros((2, 32)), np.zeros(192), "z and h should be equally many; found 2, 1"),
    ],
)
def test_what_c_cannot_take_is_refused(agent, z, h, words):
    with pytest.raises(ValueError, match=words):
        agent.controller(z, h)


def test_a_state_may_be_any_pair_and_nothing_else(agent, batch):
    z, action = agent.vision.encode(batch[0]), np.zeros(2)
    state = agent.memory.step(z, action)
    again = agent.memory.step(z, action, (state.h, state.c))
    np.testing.assert_array_equal(agent.memory.step(z, action, state), again)
    for other in (state.h, [state.h, state.c], (state.h,)):
        with pytest.raises(ValueError, match=r"a state should be \(h, c\)"):
            agent.memory.predict(other)
