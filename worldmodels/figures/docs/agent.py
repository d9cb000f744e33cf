"""agent.svg: V, M and C, with a frame of the game and what they make of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure, ListedColormap, to_rgb
from worldmodels.figures.common.style import (
    CONTROLLER,
    DREAM,
    ENVIRONMENT,
    MEMORY,
    README_WIDTH,
    VISION,
)
from worldmodels.figures.docs.style import TEXT, docs_figure, docs_style

HEIGHT = 492  # pixels; so are all numbers below: x to the right, y down
FRAME = (10, 90, 190, 127)  # left, top, width, height
BOX = (60, 56)  # width and height of V, M and C
V_BOX, M_BOX, C_BOX = (240, 124), (240, 244), (600, 178)
STRIPS = (340, 192, 18)  # left, width and height of z and of h
ACTION = (752, 52)  # middle of the bars, and how far they go to each side
DREAM_ROW = (10, 372, 9)  # left, top, and gap between the frames
LOOP, LOOP_NAME = 74, "C's action, for the next 4 frames"  # the way back to the environment

Frames = NDArray[np.uint8]  # (n, H, W, 3)
Numbers = NDArray[np.float32]
Point = tuple[float, float]


class Moment(NamedTuple):
    """A moment of an episode."""

    frame: Frames  # (H, W, 3), of the game
    z: Numbers  # (Z,), V's of that frame
    h: Numbers  # (H,), M's, of all before
    action: Numbers  # (2,), C's: steer and pedal
    dream: Frames  # M's next frames, which V decodes
    dream_seconds: Sequence[float]  # how long after that moment
    dream_temperature: float
    sizes: tuple[int, int, int]  # numbers in V, M and C


def agent_figure(moment: Moment) -> Figure:
    """V codes the frame, M remembers and predicts, C acts; below, how M dreams on."""
    v_size, m_size, c_size = moment.sizes
    with docs_style():
        figure = docs_figure(
            HEIGHT,
            f"C drives by {c_size} numbers, on what V and M have learned with {v_size + m_size:,}",
            "A moment of an episode of the released agent in CarRacing",
        )
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, README_WIDTH), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        _draw_image(axes, moment.frame, FRAME)
        left, top, _, height = FRAME
        name = "a frame of the environment"
        axes.text(left, top + height + 6, name, va="top", color=ENVIRONMENT)
        _draw_box(axes, V_BOX, "V", VISION, f"{v_size:,}")
        _draw_box(axes, M_BOX, "M", MEMORY, f"{m_size:,}")
        _draw_box(axes, C_BOX, "C", CONTROLLER, f"{c_size:,}")
        z_y, h_y = V_BOX[1] + BOX[1] / 2, M_BOX[1] + BOX[1] / 2
        z_name = f"z, {len(moment.z)} numbers: what V sees"
        _draw_strip(axes, moment.z, z_y, VISION, z_name)
        h_name = f"h, {len(moment.h)} numbers: what M remembers"
        _draw_strip(axes, moment.h, h_y, MEMORY, h_name)
        _draw_action(axes, moment.action)
        _draw_arrows(axes, z_y, h_y)
        _draw_dream(axes, moment)
    return figure


def _draw_arrows(axes: Axes, z_y: float, h_y: float) -> None:
    strip_left, strip_width, strip_height = STRIPS
    strip_right = strip_left + strip_width
    c_middle, c_y = C_BOX[0] + BOX[0] / 2, C_BOX[1] + BOX[1] / 2
    m_middle, m_bottom = M_BOX[0] + BOX[0] / 2, M_BOX[1] + BOX[1]
    frame_middle, frame_right = FRAME[0] + FRAME[2] / 2, FRAME[0] + FRAME[2]
    _arrow(axes, (frame_right + 4, z_y), (V_BOX[0] - 2, z_y), colour=ENVIRONMENT)
    _arrow(axes, (V_BOX[0] + BOX[0] + 2, z_y), (strip_left - 4, z_y), colour=VISION)
    _arrow(axes, (strip_right + 4, z_y), (c_middle, z_y), (c_middle, C_BOX[1] - 2), colour=VISION)
    z_down, turn = strip_left + 16, (z_y + h_y) / 2 + 4
    start = (z_down, z_y + strip_height / 2 + 3)
    into_m = (m_middle, turn), (m_middle, M_BOX[1] - 2)
    _arrow(axes, start, (z_down, turn), *into_m, colour=VISION)
    _arrow(axes, (M_BOX[0] + BOX[0] + 2, h_y), (strip_left - 4, h_y), colour=MEMORY)
    below_c = (c_middle, C_BOX[1] + BOX[1] + 18)
    _arrow(axes, (strip_right + 4, h_y), (c_middle, h_y), below_c, colour=MEMORY)
    x = ACTION[0]
    _arrow(axes, (C_BOX[0] + BOX[0] + 2, c_y), (x - 60, c_y), colour=CONTROLLER)
    up = (x, c_y - 52), (x, LOOP), (frame_middle, LOOP), (frame_middle, FRAME[1] - 2)
    _arrow(axes, *up, colour=CONTROLLER)
    axes.text((x + frame_middle) / 2, LOOP - 5, LOOP_NAME, ha="center", color=CONTROLLER)
    down = (x, c_y + 46), (x, m_bottom + 32), (m_middle + 14, m_bottom + 32)
    _arrow(axes, *down, (m_middle + 14, m_bottom + 16), colour=CONTROLLER)
    _arrow(axes, (m_middle - 14, m_bottom + 16), (m_middle - 14, DREAM_ROW[1] - 22), colour=DREAM)


def _draw_dream(axes: Axes, moment: Moment) -> None:
    left, top, gap = DREAM_ROW
    count = len(moment.dream)
    width = (README_WIDTH - 2 * left + gap) / count - gap
    height = width * moment.dream.shape[1] / moment.dream.shape[2]
    title = f"M's dream of what follows, at temperature {moment.dream_temperature:g}, drawn by V"
    axes.text(left, top - 6, title, va="bottom", color=DREAM)
    for number, (frame, seconds) in enumerate(zip(moment.dream, moment.dream_seconds, strict=True)):
        at = left + number * (width + gap)
        _draw_image(axes, frame, (at, top, width, height))
        label = f"{seconds:.1f} s" if number else "now: z itself"
        axes.text(at + width / 2, top + height + 5, label, ha="center", va="top")


def _draw_image(axes: Axes, image: Frames, place: tuple[float, float, float, float]) -> None:
    left, top, width, height = place
    extent = (left, left + width, top + height, top)
    axes.imshow(image, extent=extent, aspect="auto", interpolation="none")


def _draw_box(axes: Axes, place: Point, name: str, colour: str, size: str) -> None:
    left, top = place
    width, height = BOX
    axes.fill_between([left, left + width], top, top + height, color=colour, linewidth=0)
    middle = left + width / 2
    axes.text(
        middle,
        top + height / 2,
        name,
        ha="center",
        va="center",
        color="white",
        weight="bold",
        size=18,
    )
    axes.text(middle, top + height + 4, size, ha="center", va="top", color=colour)


def _draw_strip(axes: Axes, numbers: Numbers, y: float, colour: str, name: str) -> None:
    """Cells from transparent, for the lowest of the numbers, to the colour, for the highest."""
    left, width, height = STRIPS
    shades = ListedColormap([(*to_rgb(colour), opacity) for opacity in np.linspace(0.05, 1, 64)])
    extent = (left, left + width, y + height / 2, y - height / 2)
    axes.imshow(numbers[None], extent=extent, aspect="auto", cmap=shades, interpolation="none")
    axes.text(left, y - height / 2 - 5, name, va="bottom", color=colour)


def _draw_action(axes: Axes, action: Numbers) -> None:
    """A bar each for steer and pedal, from -1 to 1."""
    middle, reach = ACTION
    c_y = C_BOX[1] + BOX[1] / 2
    steer, pedal = action.tolist()
    names = ("left" if steer < 0 else "right", "gas" if pedal > 0 else "brake")
    for value, name, y in zip((steer, pedal), names, (c_y - 18, c_y + 26), strict=True):
        axes.fill_between([middle - reach, middle + reach], y - 5, y + 5, color=TEXT, alpha=0.2)
        end = middle + reach * value
        axes.fill_between(sorted([middle, end]), y - 5, y + 5, color=CONTROLLER, linewidth=0)
        text = f"{name} {abs(value):.2f}"
        axes.text(middle, y - 8, text, ha="center", va="bottom", color=CONTROLLER)


def _arrow(axes: Axes, *points: Point, colour: str) -> None:
    """A line through points, with a head at the last."""
    x, y = zip(*points, strict=True)
    axes.plot(x, y, color=colour, solid_joinstyle="round")
    how = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 10}
    axes.annotate("", points[-1], points[-2], arrowprops=how)
