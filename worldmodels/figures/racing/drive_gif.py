"""drive.gif: one drive as it happens; the road, what the car sees, z, and the reward so far.

Matplotlib draws what stands still, once; what moves is painted on that.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.animation import Canvas
from worldmodels.figures.common.road import draw_track
from worldmodels.figures.common.scene import Scene, limits
from worldmodels.figures.common.style import BLUE, GREY, INK, ORANGE

WIDTH, HEIGHT = 920, 400  # pixels


class Panels:
    """The part that stands still."""

    def __init__(self, track: Track, z: NDArray[np.float32], total: NDArray[np.float64]) -> None:
        self.scene = scene = Scene(WIDTH, HEIGHT)
        self.road = scene.panel(10, 8, 362, 362, "The world")
        self.view = scene.view(424, 210, 160, "What the car sees")
        self.code = scene.panel(424, 48, 160, 114, "z: V's code of it")
        self.reward = scene.panel(636, 48, 270, 322, "Reward so far")
        draw_track(self.road, track)
        self.road.set(xticks=[], yticks=[])
        reach = 1.05 * np.abs(z).max()
        self.code.axhline(0, color=GREY, linewidth=0.8)
        self.code.set(xlim=(-0.7, z.shape[1] - 0.3), ylim=(-reach, reach), xlabel="entry of z")
        self.code.set_xticks([0, z.shape[1] - 1], ["1", str(z.shape[1])])
        self.code.xaxis.labelpad = -8
        self.code.grid(visible=False)
        self.reward.set(xlim=(0, len(total) - 1), ylim=limits(total), xlabel="step")


def drive_frames(
    track: Track,
    states: NDArray[np.float64],
    views: NDArray[np.uint8],
    z: NDArray[np.float32],
    rewards: NDArray[np.float64],
) -> Iterator[Image.Image]:
    """The frames of one drive of L steps, one a step and one before the first.

    Args:
        track: what was driven on.
        states: (L + 1, 4).
        views: what the car saw, (L + 1, H, W, 1 or 3), stored as 0 to 255.
        z: V's code of it, (L + 1, Z).
        rewards: (L,).
    """
    total = np.concatenate([[0.0], np.cumsum(rewards)])
    panels = Panels(track, z, total)
    scene = panels.scene
    canvas = Canvas(scene.picture())
    trail = scene.at(panels.road, states[:, :2])
    curve = scene.at(panels.reward, np.stack([np.arange(len(total)), total], axis=1))

    def paint(step: int) -> None:
        scene.paint_car(canvas, panels.road, states[step])
        scene.paint_view(canvas, panels.view, views[step])
        scene.paint_bars(canvas, panels.code, z[step])
        canvas.dot(curve[step], ORANGE)
        canvas.write(WIDTH - 14, 8, f"{total[step]:+.1f} after {step} steps", INK)

    for line in (trail, curve):
        canvas.stroke(line, BLUE)
    paint(len(rewards))
    canvas.choose_colours()
    for step in range(len(states)):
        for line in (trail, curve):
            canvas.stroke(line[max(step - 1, 0) : step + 1], BLUE, stays=True)
        paint(step)
        yield canvas.frame()
