import numpy as np
import pytest

from worldmodels.envs.carracing.area_resize import AreaResize


@pytest.mark.parametrize("view", [(28, 32), (64, 64), (5, 7), (84, 96)])
def test_each_pixel_is_the_mean_of_the_area_that_it_covers(view):
    frames = np.random.default_rng(0).integers(0, 256, (2, 84, 96, 3), np.uint8)
    views = AreaResize((84, 96), view)(frames)
    for row in range(0, view[0], 7):
        for column in range(0, view[1], 11):
            # Of the frame whose every pixel is drawn as view[0] x view[1] of them.
            rows = np.arange(84 * row, 84 * (row + 1)) // view[0]
            columns = np.arange(96 * column, 96 * (column + 1)) // view[1]
            patch = frames[1][np.ix_(rows, columns)]
            expected = np.rint(patch.mean(axis=(0, 1))) / 255
            np.testing.assert_allclose(views[1, row, column], expected, atol=1e-6)


@pytest.mark.parametrize("view", [(0, 4), (85, 96)])
def test_an_empty_or_larger_view_is_refused(view):
    words = f"from 1 x 1 to 84 x 96 pixels, not {view[0]} x {view[1]}"
    with pytest.raises(ValueError, match=words):
        AreaResize((84, 96), view)
