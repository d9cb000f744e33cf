"""V, M and C of a trained agent, each alone."""

import numpy as np
import pytest

import worldmodels
from tests.support.project import ROOT
from worldmodels.pretrained.models import MemoryState


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


@pytest.mark.parametrize(
    ("z", "action", "words"),
    [
        (np.zeros(31), np.zeros(2), r"z should have 32 numbers"),
        (np.zeros(32), np.zeros(3), r"the action should have 2 numbers a row; found \(3,\)"),
        (np.zeros((2, 32)), np.zeros((3, 2)), r"should be equally many; found 2, 3 and 2"),
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
