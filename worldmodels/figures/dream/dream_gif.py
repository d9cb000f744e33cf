"""dream.gif: the same C from the same start, on the road and in a dream that goes its own way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.animation import Canvas
from worldmodels.figures.common.road import draw_track
from worldmodels.figures.common.scene import Scene, limits
from worldmodels.figures.common.style import BLUE, INK, VERMILION

WIDTH, HEIGHT = 1120, 330  # pixels


class Episode(NamedTuple):
    """What C went through, in L steps."""

    views: NDArray[np.uint8]  # (L + 1, H, W, 1 or 3), z as V decodes it, stored as 0 to 255
    rewards: NDArray[np.float64]  # (L,)

    @property
    def total(self) -> NDArray[np.float64]:
        """The return so far, (L + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.rewards)])


def dream_frames(
    track: Track, states: NDArray[np.float64], real: Episode, dreamt: Episode
) -> Iterator[Image.Image]:
    """The frames of a drive, states (L + 1, 4) on its track, and of the dream beside it; whichever
    is over first stands still.
    """
    episodes, colours = (real, dreamt), (BLUE, VERMILION)
    longest = max(len(real.rewards), len(dreamt.rewards))
    scene = Scene(WIDTH, HEIGHT)
    road = scene.panel(10, 20, 270, 270, "The world")
    views = [
        scene.view(300, 40, 230, "On the road, as V sees it"),
        scene.view(552, 40, 230, "In the dream, decoded from z"),
    ]
    reward = scene.panel(840, 48, 265, 222, "Reward so far")
    draw_track(road, track)
    road.set(xticks=[], yticks=[])
    everything = np.concatenate([real.total, dreamt.total])
    reward.set(xlim=(0, longest), ylim=limits(everything), xlabel="step")
    canvas = Canvas(scene.picture())
    trail = scene.at(road, states[:, :2])
    curves = [
        scene.at(reward, np.stack([np.arange(len(each.total)), each.total], axis=1))
        for each in episodes
    ]

    def paint(step: int) -> None:
        scene.paint_car(canvas, road, states[min(step, len(states) - 1)])
        for number, (each, view, curve) in enumerate(zip(episodes, views, curves, strict=True)):
            last = min(step, len(each.rewards))
            scene.paint_view(canvas, view, each.views[last])
            canvas.dot(curve[last], colours[number])
            over = f", over since step {last}" if last < step else ""
            right = round(view.get_window_extent().x1)
            canvas.write(right, HEIGHT - 32, f"{each.total[last]:+.1f}{over}", colours[number])
        canvas.write(WIDTH - 14, 8, f"step {step}", INK)

    lines = [(trail, BLUE), *zip(curves, colours, strict=True)]
    for line, colour in lines:
        canvas.stroke(line, colour)
    paint(longest)
    canvas.choose_colours()
    for step in range(longest + 1):
        for line, colour in lines:
            if step < len(line):
                canvas.stroke(line[max(step - 1, 0) : step + 1], colour, stays=True)
        paint(step)
        yield canvas.frame()
