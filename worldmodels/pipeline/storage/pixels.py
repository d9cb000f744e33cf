"""Conversion of pixels between [0, 1], as models take them, and bytes, as files store them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_bytes(pixels: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Pixels in [0, 1] as bytes, 0 to 255."""
    stored: NDArray[np.uint8] = np.rint(pixels * 255).astype(np.uint8)
    return stored


def to_pixels(stored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes, 0 to 255, as pixels in [0, 1]."""
    return stored.astype(np.float32) / np.float32(255)
