import numpy as np
import pytest

from worldmodels.nn.adam import Adam
from worldmodels.vision.column_vae import ColumnVAE
from worldmodels.vision.registry import VISIONS
from worldmodels.vision.variational import VisionBatch

SHAPE = (6, 40, 3)  # five columns


@pytest.fixture
def vision() -> ColumnVAE:
    return ColumnVAE.initial(SHAPE, 16, 10, np.random.default_rng(0))


def test_the_numbers_of_a_column_depend_on_its_window_alone(vision):
    observations = np.random.default_rng(1).random((1, *SHAPE), dtype=np.float32)
    before = vision.encode(observations).reshape(5, 2)
    for pixel in (0, 3, 4, 11, 12, 20, 39):
        changed = observations.copy()
        changed[:, 2, pixel] += 0.5
        moved = np.abs(vision.encode(changed).reshape(5, 2) - before).max(axis=1) > 1e-6
        near = [column for column in range(5) if 8 * column - 4 <= pixel < 8 * column + 12]
        assert np.flatnonzero(moved).tolist() == near


def test_what_moves_by_a_column_moves_through_z_by_one(vision):
    observations = np.full((1, *SHAPE), 0.1, np.float32)
    observations[:, 2:4, 10:14] = 0.9
    shifted = np.roll(observations, 8, axis=2)
    z, z_shifted = (vision.encode(each).reshape(5, 2) for each in (observations, shifted))
    np.testing.assert_allclose(z_shifted[1:], z[:-1], atol=1e-6)
    assert np.abs(z_shifted - z).max() > 1e-3


def test_a_column_is_decoded_from_three(vision):
    z = np.random.default_rng(1).standard_normal((1, 5, 2)).astype(np.float32)
    changed = z.copy()
    changed[:, 2] += 1
    pictures = [vision.decode(each.reshape(1, 10)).reshape(SHAPE) for each in (z, changed)]
    moved = np.abs(pictures[1] - pictures[0]).max(axis=(0, 2)) > 1e-6
    assert np.flatnonzero(moved).tolist() == [*range(8, 32)]


def test_at_first_a_grey_picture_has_the_mean_0_and_little_noise(vision):
    mean, logvar = vision.posterior(np.full((1, *SHAPE), 0.35, np.float32))
    np.testing.assert_allclose(mean, 0, atol=1e-7)
    assert np.exp(0.5 * logvar).max() < 0.4


def test_it_learns_where_a_patch_is():
    rng = np.random.default_rng(5)
    images = np.full((16, 6, 32, 1), 0.1, np.float32)
    for number, image in enumerate(images):
        image[1:4, 2 * number : 2 * number + 2] = 0.9
    vision = ColumnVAE.initial((6, 32, 1), 32, 8, rng)
    vision.set_loss_weights(0.01, 0.0)
    adam = Adam(vision.parameters, 0.005)
    for _ in range(400):
        noise = rng.standard_normal((16, 8), dtype=np.float32)
        adam.step(vision.loss_and_gradient(VisionBatch(images, noise))[1])
    decoded = vision.decode(vision.encode(images)).reshape(images.shape)
    assert np.square(decoded - images).mean() < 0.2 * np.square(images - images.mean(0)).mean()


def test_it_is_read_back_from_its_arrays(vision):
    again = VISIONS["column_vae"](dict(vision.parameters))
    assert isinstance(again, ColumnVAE)
    assert (again.columns, again.pixels, again.z_size) == (5, 6 * 40 * 3, 10)
    observations = np.random.default_rng(1).random((3, *SHAPE), dtype=np.float32)
    np.testing.assert_array_equal(again.encode(observations), vision.encode(observations))
    with pytest.raises(ValueError, match=r"missing arrays \['logvar.bias'\]"):
        ColumnVAE({name: a for name, a in vision.parameters.items() if name != "logvar.bias"})


@pytest.mark.parametrize(
    ("shape", "z_size", "words"),
    [
        ((6, 36, 3), 10, "whose width is a multiple of 8; found 36"),
        (SHAPE, 12, "each of 5 columns, so z_size is a multiple of 5; found 12"),
    ],
)
def test_what_has_no_columns_is_refused(shape, z_size, words):
    with pytest.raises(ValueError, match=words):
        ColumnVAE.initial(shape, 16, z_size, np.random.default_rng(0))
