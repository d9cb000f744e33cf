"""dream.gif: the same C from the same start, on the road and in a dream."""

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
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, INK, README_WIDTH

HEIGHT = 288  # pixels
SIDE, BOTTOM = 190, 36  # of the square panels, pixels
LEFTS = (10, 214, 418)  # of the square panels
RETURNS = (660, 64, 160, 162)  # left, bottom, width and height of the returns


class DecodedEpisode(NamedTuple):
    """V's decodings of z, and the rewards, of L steps in the environment or in a dream."""

    decoded: NDArray[np.uint8]  # (L + 1, H, W, 1 or 3), 0 to 255
    rewards: NDArray[np.float64]  # (L,)

    @property
    def returns(self) -> NDArray[np.float64]:
        """The return so far, (L + 1,)."""
        return cumulative(self.rewards)


def dream_frames(
    track: Track, states: NDArray[np.float64], episode: DecodedEpisode, dream: DecodedEpisode
) -> Iterator[Image.Image]:
    """The frames of an episode, with its states (L + 1, 4) on its track, and of a dream beside it.

    The panels of the one that ends first show its last step until the other has ended.
    """
    both, colours = (episode, dream), (ENVIRONMENT, DREAM)
    longest = max(len(each.rewards) for each in both)
    scene = Scene(README_WIDTH, HEIGHT)
    title = (
        f"From the same start, C returns {dream.returns[-1]:+.1f} in its dream and "
        f"{episode.returns[-1]:+.1f} on the road"
    )
    scene.add_text(LEFTS[0], 10, title, 11.5, "bold")
    road, *views = (
        scene.add_view(left, BOTTOM, SIDE, name)
        for left, name in zip(
            LEFTS, ("The road", "V's decoding of it", "M's dream, decoded"), strict=True
        )
    )
    draw_track(road, track)
    panel = scene.add_panel(*RETURNS, "Return so far")
    limits = return_limits(np.concatenate([each.returns for each in both]))
    panel.set(xlim=(0, longest), ylim=limits, xlabel="step")
    for top, name, colour in ((0.97, "dream", DREAM), (0.86, "road", ENVIRONMENT)):
        panel.text(0.05, top, name, va="top", color=colour, transform=panel.transAxes)
    canvas = Canvas(scene.image())
    curves = [
        scene.pixel_coordinates(
            panel, np.stack([np.arange(len(each.returns)), each.returns], axis=1)
        )
        for each in both
    ]
    below = HEIGHT - BOTTOM + 8

    def draw(step: int) -> None:
        scene.draw_car(canvas, road, states[min(step, len(states) - 1)], ENVIRONMENT)
        for left, view, each, curve, colour in zip(
            LEFTS[1:], views, both, curves, colours, strict=True
        ):
            last = min(step, len(each.rewards))
            scene.draw_observation(canvas, view, each.decoded[last], colour)
            canvas.dot(curve[last], colour)
            over = f", ended at step {last}" if last < step else ""
            canvas.write(left + SIDE, below, f"{each.returns[last]:+.1f}{over}", colour)
        canvas.write(LEFTS[0] + SIDE, below, f"step {step}", INK)

    trail = scene.pixel_coordinates(road, states[:, :2])
    lines = [(trail, ENVIRONMENT), *zip(curves, colours, strict=True)]
    for line, colour in lines:
        canvas.stroke(line, colour)
    draw(longest)
    canvas.choose_colours()
    for step in range(longest + 1):
        for line, colour in lines:
            if step < len(line):
                canvas.stroke(line[max(step - 1, 0) : step + 1], colour, permanent=True)
        draw(step)
        yield canvas.frame()
