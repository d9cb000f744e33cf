import numpy as np
import pytest

from tests.support.gradients import assert_gradient
from worldmodels.nn.adam import Adam
from worldmodels.nn.layers import binary_cross_entropy, sigmoid_squared_error
from worldmodels.nn.parameters import Parameters
from worldmodels.vision.column_vae import ColumnVAE
from worldmodels.vision.conv_vae import ConvVAE
from worldmodels.vision.vae import VAE
from worldmodels.vision.variational import (
    BETA,
    FREE_BITS,
    VisionBatch,
    kl_divergence,
    reparameterise,
)

DENSE, CONVOLUTIONAL, CARRACING, DOOM = (4, 3, 1), (64, 64, 3), (28, 32, 3), (28, 80, 3)
COLUMNS = (4, 24, 2)
KINDS = [
    (VAE, DENSE),
    *((ConvVAE, shape) for shape in (CONVOLUTIONAL, CARRACING, DOOM)),
    (ColumnVAE, COLUMNS),
]

Shape = tuple[int, ...]


def make(
    kind: type, shape: Shape, beta: float = BETA, free_bits: float = FREE_BITS
) -> VAE | ConvVAE | ColumnVAE:
    """A small VAE in float64 with 3 latent dimensions and random biases."""
    rng = np.random.default_rng(0)
    initial = {
        VAE: lambda: VAE.initial(12, 5, 3, rng),
        ConvVAE: lambda: ConvVAE.initial(shape, 3, 0.04, rng),
        ColumnVAE: lambda: ColumnVAE.initial(shape, 8, 3, rng),
    }[kind]()
    parameters = Parameters(initial.parameters, np.float64)
    parameters.flat += 0.1 * rng.standard_normal(parameters.flat.size)
    vision = kind(parameters, np.float64)
    vision.set_loss_weights(beta, free_bits)
    return vision


def random_batch(shape: Shape, count: int = 4) -> VisionBatch:
    rng = np.random.default_rng(1)
    return VisionBatch(rng.random((count, *shape)), rng.standard_normal((count, 3)))


@pytest.mark.parametrize(("kind", "shape"), KINDS)
@pytest.mark.parametrize(
    "free_bits", [0.0, 100.0, None], ids=["none free", "all free", "some free"]
)
def test_the_gradient_agrees_with_finite_differences(kind, shape, free_bits):
    batch = random_batch(shape)
    if free_bits is None:  # the median, so that half of the observations are below it
        free_bits = (
            float(np.median(kl_divergence(*make(kind, shape).posterior(batch.observations)))) / 3
        )
    vision = make(kind, shape, beta=50.0, free_bits=free_bits)
    loss, gradient = vision.loss_and_gradient(batch)
    assert loss == pytest.approx(vision.loss(batch), rel=1e-12)
    sample = 4 if kind is ConvVAE else 40
    assert_gradient(lambda: vision.loss(batch), vision.parameters, gradient, sample=sample)


@pytest.mark.parametrize(("kind", "shape"), [(ConvVAE, CARRACING), (ColumnVAE, COLUMNS)])
def test_bright_pixels_count_for_more_and_a_grey_one_as_before(kind, shape):
    batch, vision = random_batch(shape), make(kind, shape)
    vision.bright_weight = 7.0
    loss, gradient = vision.loss_and_gradient(batch)
    assert loss == pytest.approx(vision.loss(batch), rel=1e-12)
    assert_gradient(lambda: vision.loss(batch), vision.parameters, gradient, sample=4)
    targets = np.array([[0.0, 0.5, 1.0]])
    for number, weight in enumerate([0.25, 1.0, 1.75]):  # 1, 4 and 7, divided by their mean
        logits = np.where(
            np.arange(3) == number, 0.4, np.log((targets + 1e-9) / (1 - targets + 1e-9))
        )
        plain = sigmoid_squared_error(logits, targets)[0]
        assert vision.error(logits, targets)[0] == pytest.approx(weight * plain, rel=1e-6)


@pytest.mark.parametrize(("kind", "shape"), KINDS)
def test_the_loss_is_the_sum_of_its_terms(kind, shape):
    batch = random_batch(shape)
    for beta, free_bits in ((3.0, 0.0), (3.0, 0.4), (0.0, 0.0)):
        vision = make(kind, shape, beta=beta, free_bits=free_bits)
        mean, logvar = vision.posterior(batch.observations)
        kl = kl_divergence(mean, logvar)
        terms = vision.terms(batch)
        kl_term = beta * np.maximum(kl, 3 * free_bits).mean() / vision.pixels
        assert terms.kl == pytest.approx(kl.mean())
        assert terms.loss == vision.loss(batch) == pytest.approx(terms.error + kl_term)
        reconstruction = vision.decode(reparameterise(mean, logvar, batch.noise))
        targets = batch.observations.reshape(4, -1)
        error = (
            -(targets * np.log(reconstruction) + (1 - targets) * np.log(1 - reconstruction))
            if kind is VAE
            else (targets - reconstruction) ** 2
        )
        assert terms.error == pytest.approx(error.mean())
        np.testing.assert_array_equal(vision.encode(batch.observations), mean)


def test_terms_and_codes_do_not_depend_on_the_chunks():
    vision, batch = make(VAE, DENSE), random_batch(DENSE, 150)
    each = [vision.terms(single) for single in batch.split(1)]
    assert vision.terms(batch) == pytest.approx(tuple(np.mean(each, axis=0)))
    np.testing.assert_allclose(
        vision.encode(batch.observations)[149:], vision.encode(batch.observations[149:]), rtol=1e-12
    )


def test_kl_is_the_mean_log_ratio_of_the_densities():
    rng = np.random.default_rng(2)
    mean, logvar = np.array([[0.5, -1.0, 2.0]]), np.array([[0.3, -2.0, 0.0]])
    z = reparameterise(mean, logvar, rng.standard_normal((400_000, 3)))
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


def test_the_papers_layout_has_the_papers_number_of_parameters():
    vision = ConvVAE.initial(CONVOLUTIONAL, 32, 1.0, np.random.default_rng(0))
    assert vision.parameters.flat.size == 4_348_547
    assert (vision.pixels, vision.z_size, vision.noise_size) == (64 * 64 * 3, 32, 32)


def test_the_width_multiplier_scales_the_channels():
    rng = np.random.default_rng(0)
    for width_multiplier, shape in ((0.25, (4, 4, 16, 32)), (1e-9, (4, 4, 1, 1))):
        vision = ConvVAE.initial((64, 64, 1), 4, width_multiplier, rng)
        assert vision.parameters["conv3.weight"].shape == shape
        z = vision.encode(rng.random((2, 64, 64, 1), dtype=np.float32))
        assert (z.shape, z.dtype) == ((2, 4), np.float32)
        decoded = vision.decode(z)
        assert (decoded.shape, decoded.dtype) == ((2, 4096), np.float32)
        assert 0 < decoded.min() <= decoded.max() < 1


@pytest.mark.parametrize(("shape", "channels"), [(CARRACING, 32), (DOOM, 32), (DOOM, 1)])
def test_small_views_have_convolutions_down_to_their_whole_area(shape, channels):
    """The file of V does not name the view: its arrays tell, at any width."""
    rng = np.random.default_rng(0)
    vision = ConvVAE(dict(ConvVAE.initial(shape, 64, channels / 32, rng).parameters))
    assert vision.pixels == np.prod(shape)
    area = ((shape[0] - 8) // 4) * ((shape[1] - 8) // 4)
    assert vision.parameters["mean.weight"].shape == (area * channels, 64)
    assert vision.encode(rng.random((2, *shape), dtype=np.float32)).shape == (2, 64)
    assert vision.decode(np.zeros((2, 64), np.float32)).shape == (2, np.prod(shape))


@pytest.mark.parametrize("shape", [CONVOLUTIONAL, CARRACING, DOOM])
def test_an_untrained_conv_vae_preserves_the_scale_of_its_input(shape):
    rng = np.random.default_rng(3)
    vision = ConvVAE.initial(shape, 32, 0.5, rng)
    mean, logvar = vision.posterior(rng.random((8, *shape), dtype=np.float32))
    decoded = vision.decode(rng.standard_normal((8, 32), dtype=np.float32))
    for output in (mean, logvar, np.log(decoded / (1 - decoded))):
        assert 0.2 < output.std() < 2


def test_a_vae_learns_to_reconstruct_images_in_spite_of_the_noise_on_z():
    rng = np.random.default_rng(4)
    images = np.repeat(np.eye(4, dtype=np.float32), 4, axis=1)
    vision = VAE.initial(16, 16, 2, rng)
    vision.set_loss_weights(0.1, FREE_BITS)
    adam = Adam(vision.parameters, 0.02)
    for _ in range(400):
        noise = rng.standard_normal((4, 2), dtype=np.float32)
        adam.step(vision.loss_and_gradient(VisionBatch(images, noise))[1])
    np.testing.assert_allclose(vision.decode(vision.encode(images)), images, atol=0.05)
    assert vision.posterior(images)[1].max() < 0  # narrower than N(0, 1)


def test_a_conv_vae_learns_the_position_of_a_patch():
    rng = np.random.default_rng(5)
    images = np.full((4, 64, 64, 1), 0.1, np.float32)
    for image, (row, column) in zip(images, [(4, 4), (4, 40), (40, 4), (40, 40)], strict=True):
        image[row : row + 20, column : column + 20] = 0.9
    vision = ConvVAE.initial((64, 64, 1), 4, 0.2, rng)
    vision.set_loss_weights(0.1, FREE_BITS)
    adam = Adam(vision.parameters, 0.01)
    for _ in range(100):
        noise = rng.standard_normal((4, 4), dtype=np.float32)
        adam.step(vision.loss_and_gradient(VisionBatch(images, noise))[1])
    decoded = vision.decode(vision.encode(images)).reshape(images.shape)
    assert np.square(decoded - images).mean() < 0.6 * np.square(images - images.mean(0)).mean()


def test_with_a_large_beta_the_kl_falls_to_the_free_bits():
    rng = np.random.default_rng(6)
    images = np.repeat(np.eye(4, dtype=np.float32), 4, axis=1)
    kls = []
    for free_bits in (0.0, 0.3):
        vision = VAE.initial(16, 16, 2, rng)
        vision.set_loss_weights(1000.0, free_bits)
        adam = Adam(vision.parameters, 0.01)
        for _ in range(400):
            noise = rng.standard_normal((4, 2), dtype=np.float32)
            adam.step(vision.loss_and_gradient(VisionBatch(images, noise))[1])
        kls.append(vision.terms(VisionBatch(images, noise)).kl)
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
        (ConvVAE, lambda a: a.pop("conv3.weight"), "unknown arrays .'conv3.bias'"),
    ],
)
def test_arrays_of_another_model_are_refused(kind, change, words):
    arrays = dict(make(kind, DENSE if kind is VAE else CONVOLUTIONAL).parameters)
    change(arrays)
    with pytest.raises(ValueError, match=words):
        kind(arrays)


@pytest.mark.parametrize("shape", [(16, 16, 1), (64, 32, 3), (32, 28, 3)])
def test_observations_of_an_unknown_size_are_refused(shape):
    found = " x ".join(map(str, shape))
    words = f"takes observations of 64 x 64, 28 x 32 or 28 x 80 pixels; found {found}"
    with pytest.raises(ValueError, match=words):
        ConvVAE.initial(shape, 4, 0.1, np.random.default_rng(0))
