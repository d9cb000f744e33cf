import numpy as np
import pytest

from tests.support.gradients import assert_gradient
from worldmodels.nn.adam import Adam
from worldmodels.nn.layers import binary_cross_entropy, sigmoid_squared_error
from worldmodels.vision.conv_vae import ConvVAE
from worldmodels.vision.vae import VAE
from worldmodels.vision.variational import (
    BETA,
    FREE_BITS,
    VisionBatch,
    kl_divergence,
    reparameterised,
)

DENSE, CONVOLUTIONAL, CARRACING = (4, 3, 1), (64, 64, 3), (28, 32, 3)
KINDS = [(VAE, DENSE), (ConvVAE, CONVOLUTIONAL), (ConvVAE, CARRACING)]

Shape = tuple[int, ...]


def make(
    kind: type, shape: Shape, beta: float = BETA, free_bits: float = FREE_BITS
) -> VAE | ConvVAE:
    """A small one in float64, of z 3, with biases too."""
    rng = np.random.default_rng(0)
    initial = VAE.initial(12, 5, 3, rng) if kind is VAE else ConvVAE.initial(shape, 3, 0.04, rng)
    parameters = initial.parameters.astype(np.float64)
    parameters.flat += 0.1 * rng.standard_normal(parameters.flat.size)
    vision = kind(parameters, np.float64)
    vision.set_loss_weights(beta, free_bits)
    return vision


def batch(shape: Shape, count: int = 4) -> VisionBatch:
    rng = np.random.default_rng(1)
    return VisionBatch(rng.random((count, *shape)), rng.standard_normal((count, 3)))


@pytest.mark.parametrize(("kind", "shape"), KINDS)
@pytest.mark.parametrize(
    "free_bits", [0.0, 100.0, None], ids=["none are free", "all are free", "some are free"]
)
def test_the_gradient_agrees_with_finite_differences(kind, shape, free_bits):
    seen = batch(shape)
    if free_bits is None:  # as many as half of the pictures have
        free_bits = float(np.median(kl_divergence(*make(kind, shape).posterior(seen.pictures)))) / 3
    vision = make(kind, shape, beta=50.0, free_bits=free_bits)
    loss, gradient = vision.loss_and_gradient(seen)
    assert loss == pytest.approx(vision.loss(seen), rel=1e-12)
    sample = None if kind is VAE else 4
    assert_gradient(lambda: vision.loss(seen), vision.parameters, gradient, sample=sample)


@pytest.mark.parametrize(("kind", "shape"), KINDS)
def test_the_loss_is_its_parts_put_together(kind, shape):
    seen = batch(shape)
    for beta, free_bits in ((3.0, 0.0), (3.0, 0.4), (0.0, 0.0)):
        vision = make(kind, shape, beta=beta, free_bits=free_bits)
        mean, logvar = vision.posterior(seen.pictures)
        kl = kl_divergence(mean, logvar)
        parts = vision.parts(seen)
        cost = beta * np.maximum(kl, 3 * free_bits).mean() / vision.pixels
        assert parts.kl == pytest.approx(kl.mean())
        assert parts.loss == vision.loss(seen) == pytest.approx(parts.error + cost)
        drawn = vision.decode(reparameterised(mean, logvar, seen.noise))
        targets = seen.pictures.reshape(4, -1)
        error = (
            -(targets * np.log(drawn) + (1 - targets) * np.log(1 - drawn))
            if kind is VAE
            else (targets - drawn) ** 2
        )
        assert parts.error == pytest.approx(error.mean())
        np.testing.assert_array_equal(vision.encode(seen.pictures), mean)


def test_many_pictures_are_scored_like_few():
    vision, seen = make(VAE, DENSE), batch(DENSE, 150)
    each = [vision.parts(one) for one in seen.split(1)]
    assert vision.parts(seen) == pytest.approx(tuple(np.mean(each, axis=0)))
    np.testing.assert_allclose(
        vision.encode(seen.pictures)[149:], vision.encode(seen.pictures[149:]), rtol=1e-12
    )


def test_kl_is_the_mean_log_ratio_of_the_densities():
    rng = np.random.default_rng(2)
    mean, logvar = np.array([[0.5, -1.0, 2.0]]), np.array([[0.3, -2.0, 0.0]])
    z = reparameterised(mean, logvar, rng.standard_normal((400_000, 3)))
    assert z.std(axis=0) == pytest.approx(np.exp(logvar[0] / 2), rel=0.01)
    log_ratio = 0.5 * (z**2 - (z - mean) ** 2 / np.exp(logvar) - logvar)
    expected = log_ratio.sum(axis=1).mean()
    assert kl_divergence(mean, logvar)[0] == pytest.approx(expected, rel=0.01)
    assert kl_divergence(np.zeros((1, 3)), np.zeros((1, 3))) == 0


@pytest.mark.parametrize("error", [binary_cross_entropy, sigmoid_squared_error])
def test_errors_have_the_gradient_of_finite_differences(error):
    logits, targets = np.array([[-2.0, 0.5, 3.0]]), np.array([[0.0, 0.3, 1.0]])
    numeric = [
        (error(logits + step, targets)[0] - error(logits - step, targets)[0]) / 2e-6
        for step in 1e-6 * np.eye(3)
    ]
    np.testing.assert_allclose(error(logits, targets)[1][0], numeric, rtol=1e-6)


def test_the_papers_v_has_the_papers_size():
    vision = ConvVAE.initial(CONVOLUTIONAL, 32, 1.0, np.random.default_rng(0))
    assert vision.parameters.flat.size == 4_348_547
    assert (vision.pixels, vision.z_size, vision.noise_size) == (64 * 64 * 3, 32, 32)


def test_width_is_a_share_of_its_channels():
    rng = np.random.default_rng(0)
    for width, shape in ((0.25, (4, 4, 16, 32)), (1e-9, (4, 4, 1, 1))):
        vision = ConvVAE.initial((64, 64, 1), 4, width, rng)
        assert vision.parameters["conv3.weight"].shape == shape
        z = vision.encode(rng.random((2, 64, 64, 1), dtype=np.float32))
        assert (z.shape, z.dtype) == ((2, 4), np.float32)
        drawn = vision.decode(z)
        assert (drawn.shape, drawn.dtype) == ((2, 4096), np.float32)
        assert 0 < drawn.min() <= drawn.max() < 1


@pytest.mark.parametrize("shape", [CONVOLUTIONAL, CARRACING])
def test_what_passes_through_a_fresh_conv_vae_keeps_its_size(shape):
    rng = np.random.default_rng(3)
    vision = ConvVAE.initial(shape, 32, 0.5, rng)
    mean, logvar = vision.posterior(rng.random((8, *shape), dtype=np.float32))
    drawn = vision.decode(rng.standard_normal((8, 32), dtype=np.float32))
    for out in (mean, logvar, np.log(drawn / (1 - drawn))):
        assert 0.2 < out.std() < 2


def test_a_vae_learns_to_tell_pictures_apart_through_the_noise():
    rng = np.random.default_rng(4)
    pictures = np.repeat(np.eye(4, dtype=np.float32), 4, axis=1)
    vision = VAE.initial(16, 16, 2, rng)
    vision.set_loss_weights(0.1, FREE_BITS)
    adam = Adam(vision.parameters, 0.02)
    for _ in range(400):
        noise = rng.standard_normal((4, 2), dtype=np.float32)
        adam.step(vision.loss_and_gradient(VisionBatch(pictures, noise))[1])
    np.testing.assert_allclose(vision.decode(vision.encode(pictures)), pictures, atol=0.05)
    assert vision.posterior(pictures)[1].max() < 0  # more certain than N(0, 1)


def test_a_conv_vae_learns_where_a_patch_is():
    rng = np.random.default_rng(5)
    pictures = np.full((4, 64, 64, 1), 0.1, np.float32)
    for picture, (row, column) in zip(pictures, [(4, 4), (4, 40), (40, 4), (40, 40)], strict=True):
        picture[row : row + 20, column : column + 20] = 0.9
    vision = ConvVAE.initial((64, 64, 1), 4, 0.2, rng)
    vision.set_loss_weights(0.1, FREE_BITS)
    adam = Adam(vision.parameters, 0.01)
    for _ in range(100):
        noise = rng.standard_normal((4, 4), dtype=np.float32)
        adam.step(vision.loss_and_gradient(VisionBatch(pictures, noise))[1])
    drawn = vision.decode(vision.encode(pictures)).reshape(pictures.shape)
    assert np.square(drawn - pictures).mean() < 0.6 * np.square(pictures - pictures.mean(0)).mean()


def test_with_a_dear_kl_the_code_tells_no_more_than_what_is_free():
    rng = np.random.default_rng(6)
    pictures = np.repeat(np.eye(4, dtype=np.float32), 4, axis=1)
    kls = []
    for free_bits in (0.0, 0.3):
        vision = VAE.initial(16, 16, 2, rng)
        vision.set_loss_weights(1000.0, free_bits)
        adam = Adam(vision.parameters, 0.01)
        for _ in range(400):
            noise = rng.standard_normal((4, 2), dtype=np.float32)
            adam.step(vision.loss_and_gradient(VisionBatch(pictures, noise))[1])
        kls.append(vision.parts(VisionBatch(pictures, noise)).kl)
    assert kls[0] < 0.02
    assert 0.1 < kls[1] < 2 * 0.3 + 0.05


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (VAE, lambda a: a.pop("logvar.bias"), "missing arrays .'logvar.bias'"),
        (VAE, lambda a: a.update({"logvar.bias": np.zeros(4)}), "'logvar.bias' has shape .4,."),
        (ConvVAE, lambda a: a.pop("conv4.weight"), "missing arrays .'conv4.weight'"),
        (
            ConvVAE,
            lambda a: a.update({"conv1.weight": np.zeros((5, 5, 3, 1))}),
            "'conv1.weight' has shape .5, 5, 3, 1., which does not fit",
        ),
        (ConvVAE, lambda a: a.update({"conv1.weight": np.zeros((8, 8, 3, 1))}), "'conv1.weight'"),
        (ConvVAE, lambda a: a.update({"mean.weight": np.zeros((41, 3))}), "'mean.weight'"),
        (ConvVAE, lambda a: a.update({"deconv4.bias": np.zeros(2)}), "'deconv4.bias'"),
    ],
)
def test_arrays_of_something_else_are_refused(kind, change, words):
    arrays = dict(make(kind, DENSE if kind is VAE else CONVOLUTIONAL).parameters)
    change(arrays)
    with pytest.raises(ValueError, match=words):
        kind(arrays)


@pytest.mark.parametrize("shape", [(16, 16, 1), (64, 32, 3), (32, 28, 3)])
def test_pictures_of_another_size_are_refused_in_words(shape):
    words = r"takes pictures of 64 x 64 or 28 x 32 pixels; found " + " x ".join(map(str, shape))
    with pytest.raises(ValueError, match=words):
        ConvVAE.initial(shape, 4, 0.1, np.random.default_rng(0))
