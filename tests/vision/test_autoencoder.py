import numpy as np
import pytest

from tests.support.gradients import assert_gradient
from worldmodels.nn.adam import Adam
from worldmodels.nn.parameters import Parameters
from worldmodels.vision.autoencoder import Autoencoder
from worldmodels.vision.variational import VisionBatch

rng = np.random.default_rng(0)


def batch_of(observations) -> VisionBatch:
    return VisionBatch(observations, np.empty((len(observations), 0)))


def small(dtype=np.float64) -> Autoencoder:
    initial = Autoencoder.initial(12, 5, 3, np.random.default_rng(0))
    parameters = Parameters(initial.parameters, np.float64)
    parameters.flat += 0.1 * rng.standard_normal(parameters.flat.size)  # biases too
    return Autoencoder(parameters, dtype)


def test_the_gradient_agrees_with_finite_differences():
    vision = small()
    batch = batch_of((rng.random((4, 3, 4, 1)) < 0.5).astype(np.float64))
    loss, gradient = vision.loss_and_gradient(batch)
    assert loss == pytest.approx(vision.loss(batch))
    assert vision.terms(batch) == (loss, 0, loss)
    assert_gradient(lambda: vision.loss(batch), vision.parameters, gradient)


def test_it_has_the_sizes_of_the_reference_stub():
    vision = Autoencoder.initial(256, 64, 16, np.random.default_rng(0))
    assert (
        vision.parameters.flat.size == 256 * 64 + 64 + 64 * 16 + 16 + 16 * 64 + 64 + 64 * 256 + 256
    )
    assert vision.encode(np.zeros((2, 16, 16, 1), np.float32)).shape == (2, 16)
    assert vision.encode(np.zeros((2, 16, 16, 1), np.float32)).dtype == np.float32
    weight = vision.parameters["encoder.weight"]
    assert weight.std() == pytest.approx(1 / 16, rel=0.05)
    assert not vision.parameters["logits.bias"].any()


def test_it_learns_to_reconstruct_two_images():
    vision = Autoencoder.initial(16, 8, 2, np.random.default_rng(1))
    images = np.array([np.arange(16) < 8, np.arange(16) >= 8], np.float32)
    adam = Adam(vision.parameters, 0.02)
    for _ in range(200):
        adam.step(vision.loss_and_gradient(batch_of(images))[1])
    np.testing.assert_allclose(vision.decode(vision.encode(images)), images, atol=0.05)


def test_the_loss_of_huge_logits_is_finite():
    vision = Autoencoder.initial(4, 2, 1, np.random.default_rng(2))
    vision.parameters["logits.bias"][...] = (1e4, -1e4, 1e4, -1e4)
    loss, gradient = vision.loss_and_gradient(batch_of(np.array([[1, 0, 0, 1]], np.float32)))
    assert loss == pytest.approx(5e3, rel=1e-3)
    assert np.isfinite(gradient.flat).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.pop("z.bias"), "missing arrays .'z.bias'"),
        (
            lambda a: a.update({"z.bias": np.zeros(4)}),
            "'z.bias' has shape .4,., which does not",
        ),
        (lambda a: a.update({"z.bias": np.zeros((3, 1))}), "must have 1 axes"),
        (lambda a: a.update({"z.bias": np.full(3, np.nan)}), "finite"),
        (lambda a: a.update({"z.bias": np.zeros(3, int)}), "floating-point"),
    ],
)
def test_arrays_of_another_model_are_refused(change, words):
    arrays = dict(small().parameters)
    change(arrays)
    with pytest.raises(ValueError, match=words):
        Autoencoder(arrays)
