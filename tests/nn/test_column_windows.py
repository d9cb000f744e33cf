import numpy as np
import pytest

from worldmodels.nn.columns import windows, windows_backward

rng = np.random.default_rng(0)


def naive_windows(x, kernel):
    """The definition, column by column."""
    padded = np.pad(x, [(0, 0), (kernel // 2, kernel // 2), (0, 0)])
    columns = [
        padded[:, column : column + kernel].reshape(len(x), -1) for column in range(x.shape[1])
    ]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("columns", [1, 2, 3, 7])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_a_window_is_a_column_beside_its_neighbours_and_zeros_beyond_the_edges(columns, kernel):
    x = rng.standard_normal((2, columns, 3))
    expected = naive_windows(x, kernel)
    np.testing.assert_array_equal(windows(x, kernel), expected)
    out = np.full((2, columns, 3 * kernel + 4), 7.0)
    windows(x, kernel, out=out[:, :, 2:-2])
    np.testing.assert_array_equal(out[:, :, 2:-2], expected)
    assert (out[:, :, [0, 1, -2, -1]] == 7).all()


@pytest.mark.parametrize("columns", [1, 2, 3, 7])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_the_backward_pass_is_the_adjoint(columns, kernel):
    x, dwindows = (
        rng.standard_normal((2, columns, 3)),
        rng.standard_normal((2, columns, 3 * kernel)),
    )
    product = (windows(x, kernel) * dwindows).sum()
    assert product == pytest.approx((x * windows_backward(dwindows, kernel)).sum())
