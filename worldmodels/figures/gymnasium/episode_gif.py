"""episode.gif: the environment, as V sees it and as M predicts it, z, and the return so far."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.figures.common.animation import Canvas
from worldmodels.figures.common.scene import Scene, bare, cumulative, return_limits
from worldmodels.figures.common.style import CONTROLLER, ENVIRONMENT, GREY, INK, MEMORY, VISION

Pictures = NDArray[np.uint8]  # (L + 1, H, W, 1 or 3)
WIDTH, HEIGHT = 920, 318  # pixels
SIDE = 250  # of the environment's pictures, at the most, pixels
VIEW, BETWEEN = 122, 18  # of an observation, at the most, and between two; pixels
MIDDLE = 285  # left edge of the observations, pixels
TOP = HEIGHT - 28


class Panels:
    """The static part."""

    def __init__(
        self,
        pictures: Pictures,
        observations: Pictures,
        z: NDArray[np.float32],
        returns: NDArray[np.float64],
    ) -> None:
        self.scene = scene = Scene(WIDTH, HEIGHT)
        height, width = pictures.shape[1:3]
        self.picture = bare(scene.add_panel(10, TOP - height, width, height, "Environment"))
        high, wide = _fitted(observations.shape[1:3], VIEW)
        size = f"{observations.shape[2]} x {observations.shape[1]}"
        self.views = [
            bare(scene.add_panel(MIDDLE + number * (VIEW + BETWEEN), TOP - high, wide, high, title))
            for number, title in enumerate((f"Input, {size}", "V: decoded z", "M's prediction"))
        ]
        count, span = z.shape[1], 3 * VIEW + 2 * BETWEEN
        self.z = scene.add_panel(MIDDLE, 42, span, 80, f"z, {count} numbers")
        reach = 1.05 * np.abs(z).max()
        self.z.axhline(0, color=GREY, linewidth=0.8)
        bare(self.z).set(xlim=(-0.7, count - 0.3), ylim=(-reach, reach))
        self.returns = scene.add_panel(746, 42, 160, TOP - 42, "Return")
        for panel, colour in (
            *zip(self.views, (ENVIRONMENT, VISION, MEMORY), strict=True),
            *((self.z, VISION), (self.returns, CONTROLLER)),
        ):
            panel.set_title(panel.get_title(loc="left"), color=colour)
        self.returns.set(xlim=(0, len(returns) - 1), ylim=return_limits(returns))
        self.returns.set(xlabel="action of C")


def episode_frames(
    pictures: Pictures,
    observations: Pictures,
    decoded: Pictures,
    predicted: Pictures,
    z: NDArray[np.float32],
    rewards: NDArray[np.float64],
) -> Iterator[Image.Image]:
    """The frames of an episode of L steps, one before the first step and one after each.

    Args:
        pictures: what the environment shows, as large as in the frames, see `picture_size`.
        observations: what V encodes.
        decoded: what V decodes from z.
        predicted: what it decodes from M's predictions of each z but the first, (L, H, W, 1 or 3).
        z: (L + 1, Z).
        rewards: (L,).
    """
    returns = cumulative(rewards)
    panels = Panels(pictures, observations, z, returns)
    scene = panels.scene
    canvas = Canvas(scene.image())
    curve = scene.pixel_coordinates(
        panels.returns, np.stack([np.arange(len(returns)), returns], axis=1)
    )

    def draw(step: int) -> None:
        scene.draw_image(canvas, panels.picture, pictures[step])
        views = [observations[step], decoded[step], *([predicted[step - 1]] if step else [])]
        for axes, image in zip(panels.views, views, strict=False):
            scene.draw_image(canvas, axes, np.repeat(image, 3 // image.shape[2], axis=2))
        scene.draw_bars(canvas, panels.z, z[step])
        canvas.dot(curve[step], CONTROLLER)
        canvas.write(WIDTH - 14, 6, f"{returns[step]:+.1f}", INK)

    canvas.stroke(curve, CONTROLLER)
    draw(len(rewards))
    canvas.choose_colours()
    for step in range(len(z)):
        canvas.stroke(curve[max(step - 1, 0) : step + 1], CONTROLLER, permanent=True)
        draw(step)
        yield canvas.frame()


def picture_size(shape: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the pictures in the frames, given those of the environment's."""
    return _fitted(shape, SIDE)


def _fitted(shape: tuple[int, int], most: int) -> tuple[int, int]:
    """Height and width with the same ratio, of which the longer one is `most` pixels."""
    height, width = (max(1, round(most * side / max(shape))) for side in shape)
    return height, width
