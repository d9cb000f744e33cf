import numpy as np
import pytest

from tests.support.gradients import assert_gradient
from worldmodels.nn import convolution as module
from worldmodels.nn.convolution import (
    STRIDE,
    convolution,
    convolution_backward,
    convolution_gradient,
    transposed_convolution,
    transposed_convolution_backward,
)
from worldmodels.nn.parameters import Parameters

# images, height, width, channels, kernel, outputs; some windows leave pixels over
SIZES = [
    (2, 8, 8, 3, 4, 5),
    (3, 7, 10, 2, 4, 3),
    (2, 7, 7, 2, 5, 3),
    (2, 9, 8, 3, 3, 2),
    (2, 11, 9, 2, 2, 4),
    (4, 6, 6, 1, 6, 1),
]


def layer(kernel: int, channels: int, outputs: int, bias: int) -> Parameters:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((kernel, kernel, channels, outputs))
    return Parameters({"l.weight": weight, "l.bias": rng.standard_normal(bias)}, np.float64)


def window(i: int, j: int, kernel: int) -> tuple[slice, slice]:
    return tuple(slice(k * STRIDE, k * STRIDE + kernel) for k in (i, j))


def naive_convolution(x, weight, bias):
    """The definition, window by window."""
    kernel, _, _, outputs = weight.shape
    height, width = ((pixels - kernel) // STRIDE + 1 for pixels in x.shape[1:3])
    y = np.empty((len(x), height, width, outputs))
    for n, i, j, o in np.ndindex(y.shape):
        y[n, i, j, o] = (x[n][window(i, j, kernel)] * weight[..., o]).sum() + bias[o]
    return y


def naive_transposed_convolution(x, weight, bias):
    """The definition, input pixel by input pixel."""
    kernel, _, outputs, _ = weight.shape
    height, width = ((pixels - 1) * STRIDE + kernel for pixels in x.shape[1:3])
    y = np.empty((len(x), height, width, outputs))
    y[...] = bias
    for n, i, j in np.ndindex(x.shape[:3]):
        y[n][window(i, j, kernel)] += weight @ x[n, i, j]
    return y


@pytest.fixture(params=[1, 1 << 19], ids=["one image a chunk", "one chunk"])
def chunk(request, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", request.param)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("sizes", SIZES)
def test_a_convolution_agrees_with_its_definition(sizes):
    count, height, width, channels, kernel, outputs = sizes
    p = layer(kernel, channels, outputs, outputs)
    x = np.random.default_rng(1).standard_normal((count, height, width, channels))
    expected = naive_convolution(x, p["l.weight"], p["l.bias"])
    np.testing.assert_allclose(convolution(x, p, "l"), expected, atol=1e-12)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("sizes", SIZES)
def test_a_transposed_convolution_agrees_with_its_definition(sizes):
    count, height, width, channels, kernel, outputs = sizes
    p = layer(kernel, outputs, channels, outputs)
    x = np.random.default_rng(1).standard_normal((count, height // 2, width // 2, channels))
    expected = naive_transposed_convolution(x, p["l.weight"], p["l.bias"])
    np.testing.assert_allclose(transposed_convolution(x, p, "l"), expected, atol=1e-12)


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6])
def test_each_is_the_adjoint_of_the_other(kernel):
    p = layer(kernel, 3, 4, 4)
    p["l.bias"][...] = 0
    transpose = Parameters({"l.weight": p["l.weight"], "l.bias": np.zeros(3)}, np.float64)
    rng = np.random.default_rng(1)
    y = rng.standard_normal((2, 3, 4, 4))
    x = rng.standard_normal((2, 2 * STRIDE + kernel, 3 * STRIDE + kernel, 3))
    product = (convolution(x, p, "l") * y).sum()
    assert product == pytest.approx((x * transposed_convolution(y, transpose, "l")).sum())


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("transpose", [False, True])
def test_gradients_agree_with_finite_differences(sizes, transpose):
    count, height, width, channels, kernel, outputs = sizes
    rng = np.random.default_rng(1)
    if transpose:
        forward, backward = transposed_convolution, transposed_convolution_backward
        p = layer(kernel, outputs, channels, outputs)
        x = rng.standard_normal((count, 3, 2, channels))
    else:
        forward, backward = convolution, convolution_backward
        p = layer(kernel, channels, outputs, outputs)
        x = rng.standard_normal((count, height, width, channels))
    dy = rng.standard_normal(forward(x, p, "l").shape)
    gradient = p.zeros_like()
    gradient.flat += 7  # earlier contents are overwritten
    dx = backward(dy, x, p, gradient, "l")
    inputs = Parameters({"x": x}, np.float64)

    def loss() -> float:
        return float((forward(inputs["x"], p, "l") * dy).sum())

    assert_gradient(loss, p, gradient, sample=40)
    assert_gradient(loss, inputs, Parameters({"x": dx}, np.float64), sample=40)
    if not transpose:
        without_dx = p.zeros_like()
        convolution_gradient(dy, x, without_dx, "l")
        np.testing.assert_array_equal(without_dx.flat, gradient.flat)
