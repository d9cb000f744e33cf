import numpy as np
import pytest

from tests.support.gradients import assert_gradient
from worldmodels.nn import convolution as rooms
from worldmodels.nn.convolution import (
    convolution,
    convolution_backward,
    convolution_gradient,
    transposed_convolution,
    transposed_convolution_backward,
)
from worldmodels.nn.parameters import Parameters

# pictures, height, width, channels, kernel, stride, outputs; some windows leave pixels over
SIZES = [
    (2, 8, 8, 3, 4, 2, 5),
    (3, 7, 10, 2, 4, 2, 3),
    (2, 7, 7, 2, 5, 2, 3),
    (2, 9, 8, 3, 3, 1, 2),
    (2, 11, 9, 2, 2, 3, 4),
    (4, 6, 6, 1, 6, 2, 1),
]


def layer(kernel: int, channels: int, outputs: int, bias: int) -> Parameters:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((kernel, kernel, channels, outputs))
    return Parameters({"l.weight": weight, "l.bias": rng.standard_normal(bias)}, np.float64)


def size_of(pixels: int, kernel: int, stride: int) -> int:
    return (pixels - kernel) // stride + 1


def convolved(x, weight, bias, stride: int):
    """The definition, a window at a time."""
    kernel, _, _, outputs = weight.shape
    height, width = (size_of(pixels, kernel, stride) for pixels in x.shape[1:3])
    y = np.empty((len(x), height, width, outputs))
    for n, i, j, o in np.ndindex(y.shape):
        window = x[n, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
        y[n, i, j, o] = (window * weight[..., o]).sum() + bias[o]
    return y


def transposed(x, weight, bias, stride: int):
    """The definition, a pixel at a time."""
    kernel, _, outputs, _ = weight.shape
    height, width = ((pixels - 1) * stride + kernel for pixels in x.shape[1:3])
    y = np.empty((len(x), height, width, outputs))
    y[...] = bias
    for n, i, j in np.ndindex(x.shape[:3]):
        painted = y[n, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
        painted += weight @ x[n, i, j]
    return y


@pytest.fixture(params=[1, 1 << 19], ids=["one picture at a time", "all at once"])
def room(request, monkeypatch):
    monkeypatch.setattr(rooms, "ROOM", request.param)


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("sizes", SIZES)
def test_a_convolution_is_what_its_definition_says(sizes):
    count, height, width, channels, kernel, stride, outputs = sizes
    p = layer(kernel, channels, outputs, outputs)
    x = np.random.default_rng(1).standard_normal((count, height, width, channels))
    expected = convolved(x, p["l.weight"], p["l.bias"], stride)
    np.testing.assert_allclose(convolution(x, p, "l", stride), expected, atol=1e-12)


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("sizes", SIZES)
def test_a_transposed_convolution_is_what_its_definition_says(sizes):
    count, height, width, channels, kernel, stride, outputs = sizes
    p = layer(kernel, outputs, channels, outputs)
    x = np.random.default_rng(1).standard_normal((count, height // 2, width // 2, channels))
    expected = transposed(x, p["l.weight"], p["l.bias"], stride)
    np.testing.assert_allclose(transposed_convolution(x, p, "l", stride), expected, atol=1e-12)


@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (5, 2), (6, 2), (3, 1), (2, 3)])
def test_each_is_the_others_adjoint(kernel, stride):
    p = layer(kernel, 3, 4, 4)
    p["l.bias"][...] = 0
    narrow = Parameters({"l.weight": p["l.weight"], "l.bias": np.zeros(3)}, np.float64)
    rng = np.random.default_rng(1)
    y = rng.standard_normal((2, 3, 4, 4))
    x = rng.standard_normal((2, 2 * stride + kernel, 3 * stride + kernel, 3))
    forth = (convolution(x, p, "l", stride) * y).sum()
    assert forth == pytest.approx((x * transposed_convolution(y, narrow, "l", stride)).sum())


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("transpose", [False, True])
def test_gradients_agree_with_finite_differences(sizes, transpose):
    count, height, width, channels, kernel, stride, outputs = sizes
    rng = np.random.default_rng(1)
    if transpose:
        forward, backward = transposed_convolution, transposed_convolution_backward
        p = layer(kernel, outputs, channels, outputs)
        x = rng.standard_normal((count, 3, 2, channels))
    else:
        forward, backward = convolution, convolution_backward
        p = layer(kernel, channels, outputs, outputs)
        x = rng.standard_normal((count, height, width, channels))
    dy = rng.standard_normal(forward(x, p, "l", stride).shape)
    gradient = p.zeros_like()
    gradient.flat += 7  # what lies there from before does not matter
    dx = backward(dy, x, p, gradient, "l", stride)
    seen = Parameters({"x": x}, np.float64)

    def loss() -> float:
        return float((forward(seen["x"], p, "l", stride) * dy).sum())

    assert_gradient(loss, p, gradient, sample=40)
    assert_gradient(loss, seen, Parameters({"x": dx}, np.float64), sample=40)
    if not transpose:
        first = p.zeros_like()
        convolution_gradient(dy, x, first, "l", stride)
        np.testing.assert_array_equal(first.flat, gradient.flat)
