"""endless_bend.gif: how C exploits a dream that is too certain, and what it does on the road."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.animation import RGB, Canvas
from worldmodels.figures.common.matplotlib_defaults import to_rgb
from worldmodels.figures.common.road import GRASS, ROAD, draw_track
from worldmodels.figures.common.scene import Scene, cumulative, return_limits
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, INK, README_WIDTH

HEIGHT = 326  # pixels
SIDE, BOTTOM = 190, 34  # of the square panels, pixels
LEFTS = (10, 214, 418)  # of the square panels
RETURNS = (660, 62, 160, 162)  # left, bottom, width and height of the returns
TITLE = "A bend that never ends"
GREYS = 32  # of the palette; Pillow takes closer ones for each other
SHADES = {DREAM: 31, ENVIRONMENT: 31, GRASS: 2, ROAD: 2}  # of each colour towards white


class DecodedEpisode(NamedTuple):
    """V's decodings of z, and the rewards, of L steps in the environment or in a dream."""

    decoded: NDArray[np.uint8]  # (L + 1, H, W, 1)
    rewards: NDArray[np.float64]  # (L,)


def bend_frames(
    dream: DecodedEpisode,
    episode: DecodedEpisode,
    track: Track,
    states: NDArray[np.float64],
    temperature: float,
) -> Iterator[Image.Image]:
    """The frames of a dream, and of an episode from the same start beside it.

    Args:
        dream: in which C was evolved.
        episode: of the same C in the environment.
        track: of that episode.
        states: (L + 1, 4), of the car in that episode.
        temperature: of the dream.
    """
    both, colours = (dream, episode), (DREAM, ENVIRONMENT)
    returns = [cumulative(each.rewards) for each in both]
    longest = max(len(each.rewards) for each in both)
    scene = Scene(README_WIDTH, HEIGHT)
    scene.add_text(LEFTS[0], 10, TITLE, 11.5, "bold")
    explanation = (
        f"C has evolved in dreams of temperature {temperature:g}, and has found a z that M maps "
        f"onto itself. There the bend\npays {returns[0][-1]:+.1f} in {len(dream.rewards)} steps. "
        f"On the road, from the same start, the same C comes to {returns[1][-1]:+.1f}."
    )
    scene.add_text(LEFTS[0], 36, explanation, 9, "normal")
    names = ("Its dream", "The road, as V sees it", "The road")
    views = [
        scene.add_view(left, BOTTOM, SIDE, name) for left, name in zip(LEFTS, names, strict=True)
    ]
    road = views[2]
    draw_track(road, track)
    panel = scene.add_panel(*RETURNS, "Return so far")
    limits = return_limits(np.concatenate(returns))
    panel.set(xlim=(0, longest), ylim=limits, xlabel="step")
    for top, name, colour in ((0.97, "dream", DREAM), (0.86, "road", ENVIRONMENT)):
        panel.text(0.05, top, name, va="top", color=colour, transform=panel.transAxes)
    canvas = Canvas(scene.image())
    lines = [
        (scene.pixel_coordinates(panel, np.stack([np.arange(len(each)), each], axis=1)), colour)
        for each, colour in zip(returns, colours, strict=True)
    ]
    lines.append((scene.pixel_coordinates(road, states[:, :2]), ENVIRONMENT))
    canvas.choose_colours(palette())
    for step in range(longest + 1):
        for line, colour in lines:
            if step < len(line):
                canvas.stroke(line[max(step - 1, 0) : step + 1], colour, permanent=True)
        scene.draw_car(canvas, road, states[min(step, len(states) - 1)], ENVIRONMENT)
        for left, view, each, total, (line, colour) in zip(
            LEFTS, views, both, returns, lines, strict=False
        ):
            last = min(step, len(each.rewards))
            scene.draw_observation(canvas, view, each.decoded[last], colour)
            canvas.dot(line[last], colour)
            over = f", ended at step {last}" if last < step else ""
            canvas.write(left + SIDE, HEIGHT - BOTTOM + 6, f"{total[last]:+.1f}{over}", colour)
        canvas.write(LEFTS[2] + SIDE, HEIGHT - BOTTOM + 6, f"step {step}", INK)
        yield canvas.frame()


def palette() -> RGB:
    """The colours of the GIF, (1, n, 3): greys, and shades of all that is drawn in colour."""
    greys = np.repeat(np.linspace(0, 255, GREYS)[:, None], 3, axis=1)
    shades = [
        255 + np.linspace(0, 1, count + 1)[1:, None] * (255 * np.array(to_rgb(colour)) - 255)
        for colour, count in SHADES.items()
    ]
    colours: RGB = np.rint(np.concatenate([greys, *shades])).astype(np.uint8)[None]
    return colours
