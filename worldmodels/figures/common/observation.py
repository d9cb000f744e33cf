"""An observation as a small image in a figure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, Rectangle
from worldmodels.figures.common.style import GREY


def draw_observation(
    axes: Axes, image: NDArray[np.floating[Any]], x: float, y: float, black: float = 0
) -> None:
    """Draw an image (H, W, 1 or 3) from 0 to 1 into the unit square whose corner is (x, y).

    An edge tells its white road from white paper. Images of one channel are drawn in grey, with
    the value `black` as black.
    """
    axes.imshow(
        image[..., 0] if image.shape[-1] == 1 else image,
        cmap="gray",
        vmin=black,
        vmax=1,
        interpolation="nearest",
        extent=(x, x + 1, y, y + 1),
    )
    axes.add_patch(Rectangle((x, y), 1, 1, fill=False, edgecolor=GREY, linewidth=0.8))
