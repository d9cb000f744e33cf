"""dream.gif: the same C from the same start, in the environment and in a dream."""

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
from worldmodels.figures.common.style import BLUE, INK, VERMILION

WIDTH, HEIGHT = 1120, 330  # pixels


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
    episodes, colours = (episode, dream), (BLUE, VERMILION)
    longest = max(len(episode.rewards), len(dream.rewards))
    scene = Scene(WIDTH, HEIGHT)
    road = scene.add_panel(10, 20, 270, 270, "Environment")
    views = [
        scene.add_view(300, 40, 230, "Environment, decoded z"),
        scene.add_view(552, 40, 230, "Dream, decoded z"),
    ]
    returns = scene.add_panel(840, 48, 265, 222, "Return so far")
    draw_track(road, track)
    road.set(xticks=[], yticks=[])
    limits = return_limits(np.concatenate([episode.returns, dream.returns]))
    returns.set(xlim=(0, longest), ylim=limits, xlabel="step")
    canvas = Canvas(scene.image())
    trail = scene.pixel_coordinates(road, states[:, :2])
    curves = [
        scene.pixel_coordinates(
            returns, np.stack([np.arange(len(each.returns)), each.returns], axis=1)
        )
        for each in episodes
    ]

    def draw(step: int) -> None:
        scene.draw_car(canvas, road, states[min(step, len(states) - 1)])
        for number, (each, view, curve) in enumerate(zip(episodes, views, curves, strict=True)):
            last = min(step, len(each.rewards))
            scene.draw_observation(canvas, view, each.decoded[last])
            canvas.dot(curve[last], colours[number])
            over = f", ended at step {last}" if last < step else ""
            right = round(view.get_window_extent().x1)
            canvas.write(right, HEIGHT - 32, f"{each.returns[last]:+.1f}{over}", colours[number])
        canvas.write(WIDTH - 14, 8, f"step {step}", INK)

    lines = [(trail, BLUE), *zip(curves, colours, strict=True)]
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
