"""The network of columns of `ConvLSTMMemory`: a convolutional LSTM, and a head for z.

Read `ColumnNetwork.forward` first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.memory.conv_lstm_arrays import HEAD_KERNEL, Z_KERNEL
from worldmodels.nn.columns import windows, windows_backward
from worldmodels.nn.conv_lstm import ConvLSTM, positions
from worldmodels.nn.layers import dense, dense_gradient, relu
from worldmodels.nn.lstm import step_slices
from worldmodels.nn.parameters import Array, Parameters

# No z of a V is beyond it. M sees those of a bad dream as if they were within, so that they do not
# grow without end; no deviation is needed that is larger than the other limit.
MAX_Z, MAX_LOG_STD = 10.0, 2.0


class NetworkTrace(NamedTuple):
    """The values of a forward pass that the backward pass needs, of all N steps."""

    z: Array  # (N, Z), that M was given
    x: Array  # (N, P, I), what the gates see
    gates: Array  # (N, P, 4H)
    pooled: Array  # (N, 2H)
    cells_before: Array  # (N, P, H)
    cells: Array  # (N, P, H)
    hidden: Array  # (N, P, H)
    head_inputs: Array  # (N, P, J)
    head: Array  # (N, P, R)


class ColumnNetwork:
    """The gates, and the head for z, of P columns with H units and K numbers of z each.

    Args:
        parameters: of `conv_lstm_arrays.SHAPES`.
        columns: P.
        predicts_change: whether the head predicts the change of z.
    """

    def __init__(self, parameters: Parameters, columns: int, predicts_change: bool) -> None:
        self._parameters, self._columns = parameters, columns
        self._predicts_change = predicts_change
        self._lstm = ConvLSTM(parameters, columns)
        self._numbers = parameters["z.bias"].shape[1]  # K
        self.head_units = parameters["head.bias"].size  # R
        places = positions(columns, parameters.flat.dtype)
        self._places = np.stack([places, np.abs(places)], axis=1)  # (P, 2)

    def step(self, z: Array, seen: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c (B, P * H), given z (B, P * K), what is seen of the actions, h and c."""
        x = self._inputs(z, seen)
        h, c, _, _ = self._lstm.step(x, self.by_column(h), self.by_column(c))
        size = self._columns * self._lstm.hidden_size
        return h.reshape(len(z), size), c.reshape(len(z), size)

    def head(self, h: Array, z: Array, seen: Array) -> Array:
        """The hidden layers of the columns' heads (N, P, R), given h after the step."""
        return self._head(self._head_inputs(self.by_column(h), self._inputs(z, seen)))

    def z_outputs(self, head: Array) -> Array:
        """Means and log deviations (N, P, 2, K), given the hidden layers (N, P * R)."""
        outputs = dense(head.reshape(-1, self.head_units), self._parameters, "z")
        np.minimum(outputs[:, 1], MAX_LOG_STD, out=outputs[:, 1])
        return outputs.reshape(len(head), self._columns, *outputs.shape[1:])

    def mean(self, head: Array) -> Array:
        """The means (N, P * K) of what the heads predict."""
        mean = self.z_outputs(head)[:, :, 0]
        return mean.reshape(len(head), self._columns * self._numbers)

    def forward(
        self, z: Array, seen: Array, batch_sizes: Array, own: NDArray[np.bool_] | None
    ) -> NetworkTrace:
        """The pass over packed sequences of N steps, from a state of zeros.

        Args:
            z: (N, P * K).
            seen: (N, ...), what is seen of the actions.
            batch_sizes: see `PackedSequences`.
            own: (N,), see `PackedSequences`.
        """
        dtype, count = self._parameters.flat.dtype, len(z)
        if own is not None:
            z = z.copy()
        shape = (count, self._columns)

        def empty(size: int) -> Array:
            return np.empty((*shape, size), dtype)

        p, units = self._parameters, self._lstm.hidden_size
        x, gates = empty(len(p["lstm.weight"])), empty(4 * units)
        pooled = np.empty((count, 2 * units), dtype)
        cells_before, cells, hidden = empty(units), empty(units), empty(units)
        head_inputs, head = empty(len(p["head.weight"])), empty(p["head.bias"].size)
        h, c = np.zeros((2, int(batch_sizes[0]), self._columns, units), dtype)
        before = slice(0, 0)
        for now in step_slices(batch_sizes):
            rows = now.stop - now.start
            if own is not None and before.stop:
                last = slice(before.start, before.start + rows)
                mean = self.mean(head[last].reshape(rows, -1))
                predicted = z[last] + mean if self._predicts_change else mean
                z[now] = np.where(own[now, None], predicted, z[now])
            self._inputs(z[now], seen[now], out=x[now])
            cells_before[now] = c[:rows]
            h, c, gates[now], pooled[now] = self._lstm.step(x[now], h[:rows], c[:rows])
            hidden[now], cells[now] = h, c
            self._head_inputs(h, x[now], out=head_inputs[now])
            head[now] = self._head(head_inputs[now])
            before = now
        return NetworkTrace(z, x, gates, pooled, cells_before, cells, hidden, head_inputs, head)

    def backward(
        self,
        trace: NetworkTrace,
        batch_sizes: Array,
        own: NDArray[np.bool_] | None,
        dz_outputs: Array,
        dh_outside: Array,
        dz_outside: Array,
    ) -> tuple[Array, Array]:
        """dL/dhead (N, P, R) and dL/dgates (N, P, 4H), before their nonlinearities.

        Args:
            trace: of the forward pass.
            batch_sizes: see `forward`.
            own: see `forward`.
            dz_outputs: (N, P, 2, K), by the outputs for z; own predictions add to it.
            dh_outside: (N, P * H), by h, of what else reads it.
            dz_outside: (N, P * K), by z, likewise.
        """
        p, units, numbers = self._parameters, self._lstm.hidden_size, self._numbers
        dhead, dgates = np.empty_like(trace.head), np.empty_like(trace.gates)
        z_weight = p["z.weight"].reshape(len(p["z.weight"]), -1)
        dh_next = dc_next = trace.hidden[:0]
        dz_next = dz_outputs[:0, :, 0]
        for now in reversed(step_slices(batch_sizes)):
            shape = (now.stop - now.start, self._columns)
            dmean = dz_outputs[now, :, 0]
            dmean[: len(dz_next)] += dz_next
            d = dz_outputs[now].reshape(-1, 2 * numbers) @ z_weight.T
            d *= (trace.head[now] > 0).reshape(d.shape)
            dhead[now] = d.reshape(*shape, -1)
            dinputs = (d @ p["head.weight"].T).reshape(*shape, -1)
            dh = windows_backward(dinputs[:, :, : HEAD_KERNEL * units], HEAD_KERNEL)
            dh += self.by_column(dh_outside[now])
            dh[: len(dh_next)] += dh_next
            dc = np.zeros_like(dh)
            dc[: len(dc_next)] += dc_next
            dgates[now], dc_next = self._lstm.backward_step(
                dh, dc, trace.gates[now], trace.cells_before[now], trace.cells[now]
            )
            dh_next = self._lstm.backward_hidden(dgates[now])
            if own is not None:
                dx = self._lstm.backward_inputs(dgates[now], Z_KERNEL * numbers)
                dz = windows_backward(dx, Z_KERNEL)
                start = HEAD_KERNEL * units
                dwindows = dinputs[:, :, start : start + HEAD_KERNEL * numbers]
                dz += windows_backward(dwindows, HEAD_KERNEL)
                dz += self.by_column(dz_outside[now])
                dz *= np.abs(self.by_column(trace.z[now])) < MAX_Z
                if self._predicts_change:
                    dz += dmean
                dz_next = dz * own[now, None, None]
        return dhead, dgates

    def fill_gradient(
        self,
        trace: NetworkTrace,
        dz_outputs: Array,
        dhead: Array,
        dgates: Array,
        gradient: Parameters,
    ) -> None:
        """Fill the network's gradient, given what `backward` returns and was given."""
        dense_gradient(dz_outputs, trace.head, gradient, "z")
        dense_gradient(dhead, trace.head_inputs, gradient, "head")
        self._lstm.fill_gradient(dgates, trace.x, trace.pooled, gradient)

    def by_column(self, states: Array) -> Array:
        """(N, P, entries) of (N, P * entries)."""
        return states.reshape(len(states), self._columns, states.shape[1] // self._columns)

    def _inputs(self, z: Array, seen: Array, out: Array | None = None) -> Array:
        """What the gates see (N, P, I), but for h, which a step adds: z, actions, places."""
        size = len(self._parameters["lstm.weight"])
        if out is None:
            out = np.empty((len(z), self._columns, size), self._parameters.flat.dtype)
        z_end = Z_KERNEL * self._numbers
        windows(self.by_column(limited(z)), Z_KERNEL, out=out[:, :, :z_end])
        out[:, :, z_end : z_end + seen.shape[1]] = seen[:, None]
        out[:, :, z_end + seen.shape[1] : self._lstm.inputs] = self._places
        return out

    def _head_inputs(self, h: Array, inputs: Array, out: Array | None = None) -> Array:
        """What the heads of the columns see (N, P, J): h after the step, z, actions, places."""
        if out is None:
            size = len(self._parameters["head.weight"])
            out = np.empty((len(h), self._columns, size), self._parameters.flat.dtype)
        numbers, start = self._numbers, HEAD_KERNEL * self._lstm.hidden_size
        outer = (Z_KERNEL - HEAD_KERNEL) // 2 * numbers  # of the gates' windows, on each side
        end = start + HEAD_KERNEL * numbers
        windows(h, HEAD_KERNEL, out=out[:, :, :start])
        out[:, :, start:end] = inputs[:, :, outer : outer + HEAD_KERNEL * numbers]
        out[:, :, end:] = inputs[:, :, Z_KERNEL * numbers : self._lstm.inputs]
        return out

    def _head(self, inputs: Array) -> Array:
        """The hidden layer of each column's head (N, P, R)."""
        rows = relu(dense(inputs.reshape(-1, inputs.shape[-1]), self._parameters, "head"))
        return rows.reshape(*inputs.shape[:2], self.head_units)


def limited(z: Array) -> Array:
    """z as M sees it."""
    return np.clip(z, -MAX_Z, MAX_Z)
