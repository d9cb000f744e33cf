"""The static part of an animation, drawn once by Matplotlib, and drawing in its panels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.animation import RGB, Canvas, Points
from worldmodels.figures.common.matplotlib_defaults import Axes
from worldmodels.figures.common.style import VISION, new_figure, pixels

CAR = np.array([[0.9, 0.0], [-0.6, 0.5], [-0.3, 0.0], [-0.6, -0.5]])  # heading along x
SCENE_DPI = 100
SLICES = 8  # frames of a panel that the colours of an animation are taken from


class Scene:
    """Panels of an image, placed in pixels from its lower left corner.

    Args:
        width: of the image, pixels.
        height: of the image, pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._figure = new_figure(width / SCENE_DPI, height / SCENE_DPI, dpi=SCENE_DPI)

    def add_panel(self, left: float, bottom: float, wide: float, high: float, title: str) -> Axes:
        """A new panel."""
        width, height = self.width, self.height
        place = (left / width, bottom / height, wide / width, high / height)
        axes = self._figure.add_axes(place)
        axes.set_title(title)
        return axes

    def add_text(self, left: float, top: float, text: str, size: float, weight: str) -> None:
        """Write text from its upper left corner, in pixels from that of the image."""
        x, y = left / self.width, 1 - top / self.height
        self._figure.text(x, y, text, va="top", size=size, weight=weight)

    def add_view(self, left: float, bottom: float, side: float, title: str) -> Axes:
        """A new square panel for observations."""
        axes = self.add_panel(left, bottom, side, side, title)
        axes.set(xticks=[], yticks=[])
        axes.spines[["left", "bottom"]].set_visible(False)
        return axes

    def image(self) -> RGB:
        """All panels as they are now, (height, width, 3)."""
        return pixels(self._figure)

    def pixel_coordinates(self, axes: Axes, points: Points) -> Points:
        """Data coordinates of a panel in pixels from the upper left corner."""
        x, y = axes.transData.transform(points).T
        return np.stack([x, self.height - y], axis=1)

    def draw_car(self, canvas: Canvas, axes: Axes, state: NDArray[np.float64], colour: str) -> None:
        """Draw a car (x, y, heading, speed) in a panel that shows the track."""
        x, y, theta, _ = state
        turn = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
        for size, fill in ((1.25, "white"), (1.0, colour)):
            canvas.fill(self.pixel_coordinates(axes, size * CAR @ turn + (x, y)), fill)

    def draw_image(self, canvas: Canvas, axes: Axes, image: RGB) -> None:
        """Draw an image (H, W, 3) over a whole panel, enlarged without smoothing."""
        left, bottom, right, top = (round(edge) for edge in axes.get_window_extent().extents)
        rows, columns = (
            np.arange(pixels) * length // pixels
            for pixels, length in zip((top - bottom, right - left), image.shape, strict=False)
        )
        canvas.draw_image(left, self.height - top, image[rows][:, columns])

    def draw_observation(
        self, canvas: Canvas, axes: Axes, observation: NDArray[np.uint8], colour: str
    ) -> None:
        """Draw an observation (H, W, 1 or 3) with the car in its middle, forward upwards."""
        if observation.shape[2] == 1:  # dark grey in place of black: the contrast is softer
            grey = 40 + (observation * np.float32(215 / 255)).astype(np.uint8)
            observation = np.repeat(grey, 3, axis=2)
        self.draw_image(canvas, axes, observation)
        left, bottom, right, top = (round(edge) for edge in axes.get_window_extent().extents)
        centre = np.array([left + (right - left) / 2, self.height - top + (top - bottom) / 2])
        canvas.fill(centre + 10 * CAR[:, ::-1] * (1, -1), colour)

    def draw_bars(self, canvas: Canvas, axes: Axes, z: NDArray[np.float32]) -> None:
        """Draw a bar for each of the n numbers of z, at 0 to n - 1 of a panel's x axis."""
        entry = np.arange(len(z))
        corner = self.pixel_coordinates(axes, np.stack([entry - 0.4, np.maximum(z, 0)], axis=1))
        opposite = self.pixel_coordinates(axes, np.stack([entry + 0.4, np.minimum(z, 0)], axis=1))
        corners = np.rint(np.concatenate([corner, opposite], axis=1)).astype(int).tolist()
        boxes = [(left, up, max(right, left + 1), down + 1) for left, up, right, down in corners]
        canvas.fill_boxes(boxes, [VISION] * len(boxes))


def bare(panel: Axes, **settings: Any) -> Axes:
    """The panel without ticks, grid and edges."""
    panel.set(xticks=[], yticks=[], **settings)
    panel.grid(visible=False)
    panel.spines[["left", "bottom"]].set_visible(False)
    return panel


def slices(frames: NDArray[np.uint8]) -> RGB:
    """An image made of vertical slices of the first frame, of later ones and of the last."""
    edges = np.linspace(0, frames.shape[2], SLICES + 1).astype(int)
    chosen = np.linspace(0, len(frames) - 1, SLICES).astype(int)
    parts = [
        frames[number, :, left:right]
        for number, left, right in zip(chosen, edges, edges[1:], strict=False)
    ]
    return np.concatenate(parts, axis=1)


def cumulative(rewards: NDArray[np.float64]) -> NDArray[np.float64]:
    """The return so far, (L + 1,), before the first of L steps and after each of them."""
    return np.concatenate([[0.0], np.cumsum(rewards)])


def return_limits(returns: NDArray[np.float64]) -> tuple[float, float]:
    """The limits of an axis for returns so far."""
    low, high = min(0.0, returns.min()), max(1.0, returns.max())
    return low - 0.03 * (high - low), high + 0.08 * (high - low)
