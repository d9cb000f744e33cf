"""What stands still in an animation, drawn once by Matplotlib, and where its panels lie."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from worldmodels.figures.common.animation import Canvas, Picture, Points
from worldmodels.figures.common.style import BLUE, VERMILION, new_figure, pixels

CAR = np.array([[0.9, 0.0], [-0.6, 0.5], [-0.3, 0.0], [-0.6, -0.5]])  # looking along x
PAPER_DPI = 100


class Scene:
    """Panels of a picture, all in pixels from its lower left corner.

    Args:
        width: of the picture.
        height: of it.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._figure = new_figure(width / PAPER_DPI, height / PAPER_DPI, dpi=PAPER_DPI)

    def panel(self, left: float, bottom: float, wide: float, high: float, title: str) -> Axes:
        """A new one."""
        width, height = self.width, self.height
        place = (left / width, bottom / height, wide / width, high / height)
        axes = self._figure.add_axes(place)
        axes.set_title(title)
        return axes

    def view(self, left: float, bottom: float, side: float, title: str) -> Axes:
        """A new one for what a car sees."""
        axes = self.panel(left, bottom, side, side, title)
        axes.set(xticks=[], yticks=[])
        axes.spines[["left", "bottom"]].set_visible(False)
        return axes

    def picture(self) -> Picture:
        """All panels as they are now."""
        return pixels(self._figure)

    def at(self, axes: Axes, points: Points) -> Points:
        """Data coordinates of a panel in pixels from the upper left corner."""
        x, y = axes.transData.transform(points).T
        return np.stack([x, self.height - y], axis=1)

    def paint_car(self, canvas: Canvas, axes: Axes, state: NDArray[np.float64]) -> None:
        """A car (x, y, heading, speed) on the road."""
        x, y, theta, _ = state
        turn = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
        for size, colour in ((1.25, "white"), (1.0, VERMILION)):
            canvas.fill(self.at(axes, size * CAR @ turn + (x, y)), colour)

    def draw_image(self, canvas: Canvas, axes: Axes, picture: NDArray[np.uint8]) -> None:
        """A picture (H, W, 3) over the whole of a panel, its pixels enlarged, not smoothed."""
        left, bottom, right, top = (round(edge) for edge in axes.get_window_extent().extents)
        rows, columns = (
            np.arange(pixels) * length // pixels
            for pixels, length in zip((top - bottom, right - left), picture.shape, strict=False)
        )
        canvas.draw_image(left, self.height - top, picture[rows][:, columns])

    def paint_view(self, canvas: Canvas, axes: Axes, view: NDArray[np.uint8]) -> None:
        """A picture (H, W, 1 or 3) that V gets, with the car where it stands, looking up."""
        if view.shape[2] == 1:  # black and white tire the eye
            view = np.repeat(40 + (view * np.float32(215 / 255)).astype(np.uint8), 3, axis=2)
        self.draw_image(canvas, axes, view)
        left, bottom, right, top = (round(edge) for edge in axes.get_window_extent().extents)
        centre = np.array([left + (right - left) / 2, self.height - top + (top - bottom) / 2])
        canvas.fill(centre + 10 * CAR[:, ::-1] * (1, -1), VERMILION)

    def paint_bars(self, canvas: Canvas, axes: Axes, values: NDArray[np.float32]) -> None:
        """A bar for each of some numbers, at 0, 1 and so on in a panel."""
        entry = np.arange(len(values))
        corner = self.at(axes, np.stack([entry - 0.4, np.maximum(values, 0)], axis=1))
        opposite = self.at(axes, np.stack([entry + 0.4, np.minimum(values, 0)], axis=1))
        corners = np.rint(np.concatenate([corner, opposite], axis=1)).astype(int).tolist()
        boxes = [(left, up, max(right, left + 1), down + 1) for left, up, right, down in corners]
        canvas.fill_boxes(boxes, [VERMILION if value < 0 else BLUE for value in values])


def limits(total: NDArray[np.float64]) -> tuple[float, float]:
    """Of an axis for rewards so far."""
    low, high = min(0.0, total.min()), max(1.0, total.max())
    return low - 0.03 * (high - low), high + 0.08 * (high - low)
