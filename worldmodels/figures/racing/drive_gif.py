"""drive.gif: an episode in the racing environment, as V sees it and as M predicts it.

Matplotlib draws the static part once; each frame adds what moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.animation import Canvas
from worldmodels.figures.common.road import draw_track
from worldmodels.figures.common.scene import Scene, cumulative, return_limits
from worldmodels.figures.common.style import CONTROLLER, ENVIRONMENT, GREY, INK, MEMORY, VISION

WIDTH, HEIGHT = 920, 400  # pixels
SIDE = 128  # of a view, pixels
# Shades of what V decodes, by the number of channels; with more, a GIF takes megabytes.
SHADES = {1: 16, 3: 6}


class SeenEpisode(NamedTuple):
    """An episode of L steps in the racing environment, and what V and M make of it."""

    states: NDArray[np.float64]  # (L + 1, 4)
    observations: NDArray[np.uint8]  # (L + 1, H, W, 1 or 3)
    z: NDArray[np.float32]  # V's latent vectors of them, (L + 1, Z)
    decoded: NDArray[np.uint8]  # V's decodings of z, as the observations
    predicted: NDArray[np.uint8]  # those of M's predictions of each z but the first, (L, ...)
    rewards: NDArray[np.float64]  # (L,)


class Panels:
    """The static part."""

    def __init__(self, track: Track, z: NDArray[np.float32], returns: NDArray[np.float64]) -> None:
        self.scene = scene = Scene(WIDTH, HEIGHT)
        self.road = scene.add_panel(10, 8, 362, 362, "C in the environment")
        left, right, low, high = 394, 394 + SIDE + 18, 44, 242
        self.view = scene.add_view(left, high, SIDE, "Real view")
        self.decoded = scene.add_view(right, high, SIDE, "V: decoded z")
        self.code = scene.add_panel(left, low, SIDE, SIDE, f"z, {z.shape[1]} numbers")
        self.predicted = scene.add_view(right, low, SIDE, "M's prediction")
        self.reward = scene.add_panel(726, 44, 180, HEIGHT - 74, "Return")
        for panel, colour in (
            *((self.view, ENVIRONMENT), (self.decoded, VISION), (self.code, VISION)),
            *((self.predicted, MEMORY), (self.reward, CONTROLLER)),
        ):
            panel.set_title(panel.get_title(loc="left"), color=colour)
        draw_track(self.road, track)
        self.road.set(xticks=[], yticks=[])
        reach = 1.05 * np.abs(z).max()
        self.code.axhline(0, color=GREY, linewidth=0.8)
        self.code.set(xlim=(-0.7, z.shape[1] - 0.3), ylim=(-reach, reach), xticks=[], yticks=[])
        self.code.grid(visible=False)
        self.reward.set(xlim=(0, len(returns) - 1), ylim=return_limits(returns), xlabel="step")


def episode_frames(track: Track, episode: SeenEpisode) -> Iterator[Image.Image]:
    """The frames of an episode of L steps, one before the first step and one after each.

    M's prediction in a frame is that of the frame's own view, made one step before; the first frame
    has none.
    """
    returns, states = cumulative(episode.rewards), episode.states
    panels = Panels(track, episode.z, returns)
    scene = panels.scene
    canvas = Canvas(scene.image())
    trail = scene.pixel_coordinates(panels.road, states[:, :2])
    curve = scene.pixel_coordinates(
        panels.reward, np.stack([np.arange(len(returns)), returns], axis=1)
    )
    decoded, predicted = in_few_shades(episode.decoded), in_few_shades(episode.predicted)

    def draw(step: int) -> None:
        scene.draw_car(canvas, panels.road, states[step], CONTROLLER)
        scene.draw_observation(canvas, panels.view, episode.observations[step], CONTROLLER)
        scene.draw_observation(canvas, panels.decoded, decoded[step], CONTROLLER)
        if step:
            scene.draw_observation(canvas, panels.predicted, predicted[step - 1], CONTROLLER)
        scene.draw_bars(canvas, panels.code, episode.z[step])
        canvas.dot(curve[step], CONTROLLER)
        canvas.write(WIDTH - 14, 8, f"{returns[step]:+.1f}", INK)

    for line in (trail, curve):
        canvas.stroke(line, CONTROLLER)
    draw(len(episode.rewards))
    canvas.choose_colours()
    for step in range(len(states)):
        for line in (trail, curve):
            canvas.stroke(line[max(step - 1, 0) : step + 1], CONTROLLER, permanent=True)
        draw(step)
        yield canvas.frame()


def in_few_shades(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (..., 1 or 3) with the nearest of SHADES, from 0 to 255."""
    step = 255 / (SHADES[images.shape[-1]] - 1)
    rounded: NDArray[np.uint8] = np.rint(np.rint(images / step) * step).astype(np.uint8)
    return rounded
