"""A long short-term memory layer: one step, a whole sequence, and backpropagation through time.

Gates stand in the order i, f, g, o along the last axis (4H). Sequences are time-first: (T, B, ...).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stages.nn.parameters import Array, Parameters, scaled_normal


class LSTMTrace(NamedTuple):
    """What the backward pass needs of a forward pass."""

    x: Array  # (T, B, I)
    gates: Array  # (T, B, 4H), after their nonlinearities
    cells: Array  # (T + 1, B, H), cells[0] the start
    hidden: Array  # (T + 1, B, H), hidden[0] the start


def initial_lstm(rng: np.random.Generator, inputs: int, hidden: int) -> dict[str, Array]:
    """Weights ~ N(0, 1 / fan_in); biases 0, but the forget gate's 1: M starts out remembering."""
    weight = scaled_normal(rng, inputs + hidden, 4 * hidden)
    bias = np.zeros(4 * hidden)
    bias[hidden : 2 * hidden] = 1.0
    return {
        "lstm.input_weight": weight[:inputs],
        "lstm.hidden_weight": weight[inputs:],
        "lstm.bias": bias,
    }


def _slopes(hidden: int, dtype: np.dtype) -> tuple[Array, Array]:
    """(4H,) a and b: a * tanh(a * x) + b is a sigmoid for i, f and o, and a plain tanh for g."""
    a, b = np.full(4 * hidden, 0.5, dtype), np.full(4 * hidden, 0.5, dtype)
    a[2 * hidden : 3 * hidden], b[2 * hidden : 3 * hidden] = 1.0, 0.0
    return a, b


def _four(gates: Array) -> tuple[Array, Array, Array, Array]:
    """i, f, g and o (..., H) in gates (..., 4H)."""
    size = gates.shape[-1] // 4
    return (
        gates[..., :size],
        gates[..., size : 2 * size],
        gates[..., 2 * size : 3 * size],
        gates[..., 3 * size :],
    )


def _activate(gates: Array, slopes: tuple[Array, Array]) -> None:
    a, b = slopes
    gates *= a
    np.tanh(gates, out=gates)
    gates *= a
    gates += b


class LSTM:
    """The layer over parameters that someone else owns.

    Args:
        parameters: with `lstm.input_weight` (I, 4H), `lstm.hidden_weight` (H, 4H) and `lstm.bias`
            (4H).
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self.hidden_size = parameters["lstm.hidden_weight"].shape[0]
        self._slopes = _slopes(self.hidden_size, parameters.flat.dtype)

    def step(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """x (B, I), h and c (B, H): the next h and c."""
        p = self._parameters
        gates = x @ p["lstm.input_weight"]
        gates += h @ p["lstm.hidden_weight"]
        gates += p["lstm.bias"]
        _activate(gates, self._slopes)
        i, f, g, o = _four(gates)
        c = f * c
        c += i * g
        return o * np.tanh(c), c

    def forward(self, x: Array) -> LSTMTrace:
        """x (T, B, I), from a state of zeros."""
        p, size = self._parameters, self.hidden_size
        steps, batch, _ = x.shape
        gates = x @ p["lstm.input_weight"]  # (T, B, 4H): all steps at once
        gates += p["lstm.bias"]
        cells = np.zeros((steps + 1, batch, size), x.dtype)
        hidden = np.zeros_like(cells)
        i, f, g, o = _four(gates)
        for t in range(steps):
            gates[t] += hidden[t] @ p["lstm.hidden_weight"]
            _activate(gates[t], self._slopes)
            cells[t + 1] = f[t] * cells[t] + i[t] * g[t]
            hidden[t + 1] = o[t] * np.tanh(cells[t + 1])
        return LSTMTrace(x, gates, cells, hidden)

    def backward(self, dhidden: Array, trace: LSTMTrace, gradient: Parameters) -> None:
        """Fill the gradient, from dhidden (T, B, H) = dL/dh_1..T."""
        p, size = self._parameters, self.hidden_size
        steps, batch, _ = dhidden.shape
        i, f, g, o = _four(trace.gates)
        tanh_c = np.tanh(trace.cells[1:])
        dc_by_dh = o * (1 - tanh_c**2)
        # What a gate is multiplied with, times its own slope: y = a tanh(u) + b with u = a x, hence
        # dy/dx = a^2 (1 - tanh(u)^2) = a^2 - (y - b)^2.
        a, b = self._slopes
        dgates = np.concatenate([g, trace.cells[:-1], i, tanh_c], axis=2)  # (T, B, 4H)
        dgates *= a * a - (trace.gates - b) ** 2
        by_gate = dgates.reshape(steps, batch, 4, size)
        dh_next = np.zeros_like(dhidden[0])
        dc_next = np.zeros_like(dhidden[0])
        for t in reversed(range(steps)):
            dh = dhidden[t] + dh_next
            dc = dc_next + dh * dc_by_dh[t]
            by_gate[t, :, :3] *= dc[:, None]  # i, f and g act through the cell,
            by_gate[t, :, 3] *= dh  # o does not
            dh_next = dgates[t] @ p["lstm.hidden_weight"].T
            dc_next = dc * f[t]
        rows = dgates.reshape(-1, 4 * size)
        gradient["lstm.input_weight"][...] = trace.x.reshape(len(rows), -1).T @ rows
        gradient["lstm.hidden_weight"][...] = trace.hidden[:-1].reshape(len(rows), -1).T @ rows
        gradient["lstm.bias"][...] = rows.sum(axis=0)
