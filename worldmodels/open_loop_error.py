"""How far a dream strays from the drive that it began as, when the same is done in both."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.nn.parameters import Array


def open_loop_error(
    memory: RecurrentMemory,
    z: Array,
    actions: Array,
    lengths: NDArray[np.int64],
    temperature: float,
    seed: int,
) -> Mapping[str, NDArray[np.float64]]:
    """Root mean square errors of z after 1, 2, ... steps, as shares of the spread of z; for as many
    steps as at least half of the drives last.

    Args:
        memory: one M.
        z: (T + 1, B, Z), what B drives saw; a drive of L steps has L + 1 of them.
        actions: (T, B, A), what was done.
        lengths: (B,), how many steps of each are to be looked at.
        temperature: of the dream.
        seed: of its noise.

    Returns:
        By who says z: a dream that sees the first z alone, the same without noise, who says that z
        stays as it was at first, who takes another drive's z for it (if there is another), and M
        awake, which sees each z before it says the next.
    """
    rng = np.random.default_rng(seed)
    shown = np.arange(len(z))[:, None] <= lengths
    spread = np.sqrt(z[shown].var(axis=0, dtype=np.float64).mean()) or 1.0  # of who stands still
    size = z.shape[1:]
    minds = {
        name: (z[0], *np.zeros((2, size[0], memory.hidden_size), np.float32))
        for name in ("dream", "expected", "awake")
    }
    errors: dict[str, list[float]] = {}

    def add(name: str, guess: Array, truth: Array) -> None:
        miss = np.square(guess - truth, dtype=np.float64)
        errors.setdefault(name, []).append(float(np.sqrt(miss.mean()) / spread))

    half = int(np.sort(lengths)[(len(lengths) - 1) // 2])
    for t, done in enumerate(actions[:half]):
        on = lengths > t
        uniform, normal = rng.random(size, np.float32), rng.standard_normal(size, np.float32)
        for name, (seen, h, c) in minds.items():
            h, c = memory.step(z[t] if name == "awake" else seen, done, h, c)
            head_features = memory.head_features(h)
            if name == "dream":
                seen = memory.sample(head_features, uniform, normal, temperature)
            else:
                seen = memory.predict(head_features)
            minds[name] = seen, h, c
            add(name, seen[on], z[t + 1, on])
        add("stays", z[0, on], z[t + 1, on])
        if len(lengths) > 1:
            add("another", np.roll(z[t + 1, on], 1, axis=0), z[t + 1, on])
    return {name: np.array(values) for name, values in errors.items()}
