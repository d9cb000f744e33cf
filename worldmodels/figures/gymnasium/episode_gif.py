"""episode.gif: the environment, what V is given and what it keeps, z, and the return so far."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.figures.common.animation import Canvas
from worldmodels.figures.common.matplotlib_defaults import Axes
from worldmodels.figures.common.scene import Scene, cumulative, return_limits
from worldmodels.figures.common.style import BLUE, GREY, INK, ORANGE

Pictures = NDArray[np.uint8]  # (L + 1, H, W, 1 or 3)
WIDTH, HEIGHT = 920, 318  # pixels
SIDE = 250  # of the environment's pictures, at the most, pixels
VIEW = 118  # of an observation, at the most, pixels
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
        self.picture = _bare(scene.add_panel(10, TOP - height, width, height, "Environment"))
        high, wide = _fitted(observations.shape[1:3], VIEW)
        title = f"V's input, {observations.shape[2]} x {observations.shape[1]}"
        self.views = [
            _bare(scene.add_panel(left, TOP - high, wide, high, title))
            for left, title in ((285, title), (285 + VIEW + 42, "decoded from its z"))
        ]
        count = z.shape[1]
        self.z = scene.add_panel(285, 42, 2 * VIEW + 42, 80, f"z, {count} numbers")
        reach = 1.05 * np.abs(z).max()
        self.z.axhline(0, color=GREY, linewidth=0.8)
        _bare(self.z).set(xlim=(-0.7, count - 0.3), ylim=(-reach, reach))
        self.returns = scene.add_panel(630, 42, 276, TOP - 42, "Return so far")
        self.returns.set(xlim=(0, len(returns) - 1), ylim=return_limits(returns))
        self.returns.set(xlabel="step (action of C)")


def episode_frames(
    pictures: Pictures,
    observations: Pictures,
    decoded: Pictures,
    z: NDArray[np.float32],
    rewards: NDArray[np.float64],
) -> Iterator[Image.Image]:
    """The frames of an episode of L steps, one before the first step and one after each.

    Args:
        pictures: what the environment shows, as large as in the frames, see `picture_size`.
        observations: what V encodes.
        decoded: what V decodes from z.
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
        for axes, images in zip(panels.views, (observations, decoded), strict=True):
            scene.draw_image(canvas, axes, np.repeat(images[step], 3 // images.shape[3], axis=2))
        scene.draw_bars(canvas, panels.z, z[step])
        canvas.dot(curve[step], ORANGE)
        canvas.write(WIDTH - 14, 4, f"{returns[step]:+.1f} after {step} steps", INK)

    canvas.stroke(curve, BLUE)
    draw(len(rewards))
    canvas.choose_colours()
    for step in range(len(z)):
        canvas.stroke(curve[max(step - 1, 0) : step + 1], BLUE, permanent=True)
        draw(step)
        yield canvas.frame()


def picture_size(shape: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the pictures in the frames, given those of the environment's."""
    return _fitted(shape, SIDE)


def _fitted(shape: tuple[int, int], most: int) -> tuple[int, int]:
    """Height and width with the same ratio, of which the longer one is `most` pixels."""
    height, width = (max(1, round(most * side / max(shape))) for side in shape)
    return height, width


def _bare(panel: Axes) -> Axes:
    """The panel without ticks, grid and edges."""
    panel.set(xticks=[], yticks=[])
    panel.grid(visible=False)
    panel.spines[["left", "bottom"]].set_visible(False)
    return panel
