import numpy as np
import pytest

from stages.memory.lstm import DeterministicLSTM, Pieces
from tests.gradients import assert_gradient

rng = np.random.default_rng(0)


def small() -> DeterministicLSTM:
    initial = DeterministicLSTM.initial(3, 2, 4, np.random.default_rng(0))
    parameters = initial.parameters.astype(np.float64)
    parameters.flat += 0.1 * rng.standard_normal(parameters.flat.size)
    return DeterministicLSTM(parameters, np.float64)


def pieces(steps: int, batch: int) -> Pieces:
    lengths = np.linspace(steps, 2, batch).astype(int)
    weight = (np.arange(steps)[:, None] < lengths).astype(np.float64)
    z, action, z_next = (rng.standard_normal((steps, batch, size)) for size in (3, 2, 3))
    return Pieces(z, action, z_next, weight)


def test_the_gradient_through_time_agrees_with_finite_differences():
    memory, batch = small(), pieces(6, 3)
    loss, gradient = memory.loss_and_gradient(batch)
    assert loss == pytest.approx(memory.loss(batch))
    assert_gradient(lambda: memory.loss(batch), memory.parameters, gradient)


def test_stepping_gives_what_a_whole_sequence_gives():
    memory, batch = small(), pieces(5, 3)
    h, c = np.zeros((3, 4)), np.zeros((3, 4))
    errors = []
    for z, action, z_next, weight in zip(*batch, strict=True):
        h, c = memory.step(z, action, h, c)
        errors.append(weight[:, None] * (memory.predict(h) - z_next) ** 2)
    assert memory.loss(batch) == pytest.approx(np.sum(errors) / batch.weight.sum() / 3)


def test_padding_says_nothing():
    memory, batch = small(), pieces(6, 3)
    wild = batch._replace(
        z=np.where(batch.weight[:, :, None] > 0, batch.z, 9.0),
        z_next=np.where(batch.weight[:, :, None] > 0, batch.z_next, -9.0),
    )
    ours, theirs = memory.loss_and_gradient(wild), memory.loss_and_gradient(batch)
    assert ours[0] == pytest.approx(theirs[0])
    np.testing.assert_allclose(ours[1].flat, theirs[1].flat, atol=1e-12)


def test_it_starts_out_remembering():
    memory = DeterministicLSTM.initial(16, 2, 32, np.random.default_rng(0))
    bias = memory.parameters["lstm.bias"].reshape(4, 32)
    np.testing.assert_array_equal(bias, np.array([0, 1, 0, 0])[:, None].repeat(32, 1))


def test_arrays_without_room_for_an_action_are_refused():
    arrays = dict(small().parameters)
    arrays["lstm.input_weight"] = np.zeros((3, 16))
    with pytest.raises(ValueError, match="leaves no action"):
        DeterministicLSTM(arrays)
