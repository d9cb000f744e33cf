"""drive.gif: an episode in the racing environment, with its observations, z and return so far.

Matplotlib draws the static part once; each frame adds what moves.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.animation import Canvas
from worldmodels.figures.common.road import draw_track
from worldmodels.figures.common.scene import Scene, cumulative, return_limits
from worldmodels.figures.common.style import BLUE, GREY, INK, ORANGE

WIDTH, HEIGHT = 920, 400  # pixels


class Panels:
    """The static part."""

    def __init__(self, track: Track, z: NDArray[np.float32], returns: NDArray[np.float64]) -> None:
        self.scene = scene = Scene(WIDTH, HEIGHT)
        self.road = scene.add_panel(10, 8, 362, 362, "Environment")
        self.view = scene.add_view(424, 210, 160, "Observation")
        self.code = scene.add_panel(424, 48, 160, 114, "z, its latent vector")
        self.reward = scene.add_panel(636, 48, 270, 322, "Return so far")
        draw_track(self.road, track)
        self.road.set(xticks=[], yticks=[])
        reach = 1.05 * np.abs(z).max()
        self.code.axhline(0, color=GREY, linewidth=0.8)
        self.code.set(xlim=(-0.7, z.shape[1] - 0.3), ylim=(-reach, reach), xlabel="entry of z")
        self.code.set_xticks([0, z.shape[1] - 1], ["1", str(z.shape[1])])
        self.code.xaxis.labelpad = -8
        self.code.grid(visible=False)
        self.reward.set(xlim=(0, len(returns) - 1), ylim=return_limits(returns), xlabel="step")


def episode_frames(
    track: Track,
    states: NDArray[np.float64],
    observations: NDArray[np.uint8],
    z: NDArray[np.float32],
    rewards: NDArray[np.float64],
) -> Iterator[Image.Image]:
    """The frames of an episode of L steps, one before the first step and one after each.

    Args:
        track: of the episode.
        states: (L + 1, 4).
        observations: (L + 1, H, W, 1 or 3), 0 to 255.
        z: V's latent vectors of them, (L + 1, Z).
        rewards: (L,).
    """
    returns = cumulative(rewards)
    panels = Panels(track, z, returns)
    scene = panels.scene
    canvas = Canvas(scene.image())
    trail = scene.pixel_coordinates(panels.road, states[:, :2])
    curve = scene.pixel_coordinates(
        panels.reward, np.stack([np.arange(len(returns)), returns], axis=1)
    )

    def draw(step: int) -> None:
        scene.draw_car(canvas, panels.road, states[step])
        scene.draw_observation(canvas, panels.view, observations[step])
        scene.draw_bars(canvas, panels.code, z[step])
        canvas.dot(curve[step], ORANGE)
        canvas.write(WIDTH - 14, 8, f"{returns[step]:+.1f} after {step} steps", INK)

    for line in (trail, curve):
        canvas.stroke(line, BLUE)
    draw(len(rewards))
    canvas.choose_colours()
    for step in range(len(states)):
        for line in (trail, curve):
            canvas.stroke(line[max(step - 1, 0) : step + 1], BLUE, permanent=True)
        draw(step)
        yield canvas.frame()
