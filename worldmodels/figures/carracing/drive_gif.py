"""drive.gif of CarRacing: the game, what V and M make of it, and the dream from the same start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

from worldmodels.figures.common.animation import Canvas
from worldmodels.figures.common.scene import Scene, limits
from worldmodels.figures.common.style import BLUE, GREY, INK, VERMILION

Pictures = NDArray[np.uint8]  # (frames, H, W, 3)
EVERY = 2  # steps from one frame to the next
WIDTH, HEIGHT = 1036, 458  # pixels
GAME = (294, 196)  # width and height of the game's pictures
GAP = 14  # between panels
WIDEST = 224  # of what V sees
COLUMNS = 32  # of the cells of h, at the most,
CELLS = 64  # and how many: more would cost a GIF more than they show
SLICES = 8  # of pictures that the colours are taken from


class LatentTrace(NamedTuple):
    """What V and M made of L steps, on the track or in a dream."""

    views: Pictures  # (L + 1, H, W, 3), z as V decodes it
    z: NDArray[np.float32]  # (L + 1, Z)
    h: NDArray[np.float32]  # (L + 1, H), before the action
    rewards: NDArray[np.float64]  # (L,)

    @property
    def total(self) -> NDArray[np.float64]:
        """The return so far, (L + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.rewards)])


class Panels:
    """The part that stands still."""

    def __init__(self, shape: tuple[int, ...], real: LatentTrace, dreamt: LatentTrace) -> None:
        self.scene = scene = Scene(WIDTH, HEIGHT)
        high = GAME[1]
        wide = min(WIDEST, round(high * shape[1] / shape[0]))
        bottom = HEIGHT - 28 - high
        lefts = [GAP, *(2 * GAP + GAME[0] + number * (WIDEST + GAP) for number in range(3))]
        self.game = _bare(scene.panel(lefts[0], bottom, *GAME, "The game"))
        self.seen, real_view, dream_view = (
            _bare(scene.panel(left, bottom, wide, high, title))
            for left, title in zip(
                lefts[1:],
                (f"What V sees, {shape[1]} x {shape[0]}", "Decoded from its z", "In M's dream"),
                strict=True,
            )
        )
        self.views = real_view, dream_view
        self.reward = scene.panel(58, 42, lefts[2] - GAP - 58, 148, "Return")
        longest = max(len(real.rewards), len(dreamt.rewards))
        self.reward.set(xlim=(0, longest), xlabel="step (decision of C)")
        self.reward.set(ylim=limits(np.concatenate([real.total, dreamt.total])))
        codes, states = zip(
            *((self._code(left, real, dreamt), self._state(left, real)) for left in lefts[2:]),
            strict=True,
        )
        self.codes: tuple[Axes, ...] = codes
        self.states: tuple[Axes, ...] = states

    def _code(self, left: float, real: LatentTrace, dreamt: LatentTrace) -> Axes:
        count = real.z.shape[1]
        panel = self.scene.panel(left, 98, WIDEST, 92, f"z, {count} numbers")
        reach = 1.05 * max(np.abs(real.z).max(), np.abs(dreamt.z).max())
        panel.axhline(0, color=GREY, linewidth=0.8)
        return _bare(panel, xlim=(-0.7, count - 0.3), ylim=(-reach, reach))

    def _state(self, left: float, real: LatentTrace) -> Axes:
        count = real.h.shape[1]
        some = f"{CELLS} of {count}" if count > CELLS else str(count)
        return _bare(self.scene.panel(left, 24, WIDEST, 40, f"h, {some} numbers"))


def race_frames(
    pictures: Pictures, seen: Pictures, real: LatentTrace, dreamt: LatentTrace
) -> Iterator[Image.Image]:
    """The frames of a drive of L steps and of the dream beside it; whichever is over first stands
    still.

    Args:
        pictures: of the game, of GAME's size; before the first step and every EVERY steps from
            there, and at the end.
        seen: what V saw, (L + 1, H, W, 3).
        real: what it then was to V and M.
        dreamt: what they dreamt.
    """
    minds, colours = (real, dreamt), (BLUE, VERMILION)
    panels = Panels(seen.shape[1:], real, dreamt)
    scene = panels.scene
    canvas = Canvas(scene.picture())
    right = round(panels.reward.get_window_extent().x1)
    ends = [(right - 205, "on the track"), (right, "in the dream")]
    curves = [
        scene.at(panels.reward, np.stack([np.arange(len(each.total)), each.total], axis=1))
        for each in minds
    ]

    def paint(step: int) -> None:
        scene.draw_image(canvas, panels.game, pictures[min(-(-step // EVERY), len(pictures) - 1)])
        scene.draw_image(canvas, panels.seen, seen[min(step, len(seen) - 1)])
        for number, mind in enumerate(minds):
            last, colour = min(step, len(mind.rewards)), colours[number]
            scene.draw_image(canvas, panels.views[number], mind.views[last])
            scene.paint_bars(canvas, panels.codes[number], mind.z[last])
            scene.draw_image(canvas, panels.states[number], cells(mind.h[last, :CELLS]))
            canvas.dot(curves[number][last], colour)
            end, where = ends[number]
            over = " (over)" if last < step else ""
            canvas.write(end, HEIGHT - 211, f"{where} {mind.total[last]:+.1f}{over}", colour)
        canvas.write(GAP + GAME[0], 8, f"step {step}", INK)

    for curve, colour in zip(curves, colours, strict=True):
        canvas.stroke(curve, colour)
    longest = max(len(mind.rewards) for mind in minds)
    paint(longest)
    shown = (
        (panels.game, pictures),
        (panels.seen, seen),
        *zip(panels.views, (mind.views for mind in minds), strict=True),
    )
    for panel, all_of_them in shown:
        scene.draw_image(canvas, panel, slices(all_of_them))
    canvas.choose_colours()
    before = 0
    for step in [*range(0, longest, EVERY), longest]:
        for curve, colour in zip(curves, colours, strict=True):
            if before < len(curve):
                canvas.stroke(curve[before : step + 1], colour, stays=True)
        paint(step)
        before = step
        yield canvas.frame()


def cells(h: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Numbers in [-1, 1] as rows of coloured cells, as bars are coloured: (rows, columns, 3)."""
    columns = min(len(h), COLUMNS)
    padded = np.zeros(-(-len(h) // columns) * columns)
    padded[: len(h)] = h
    ends = np.array([to_rgb(VERMILION), to_rgb(BLUE)])[(padded > 0).astype(int)]
    colours = 1 + np.abs(padded)[:, None] * (ends - 1)
    picture: NDArray[np.uint8] = np.rint(255 * colours).astype(np.uint8).reshape(-1, columns, 3)
    return picture


def slices(pictures: Pictures) -> Pictures:
    """One picture, from left to right of the first, of later ones and of the last."""
    edges = np.linspace(0, pictures.shape[2], SLICES + 1).astype(int)
    chosen = np.linspace(0, len(pictures) - 1, SLICES).astype(int)
    parts = [
        pictures[number, :, left:right]
        for number, left, right in zip(chosen, edges, edges[1:], strict=False)
    ]
    return np.concatenate(parts, axis=1)


def _bare(panel: Axes, **settings: Any) -> Axes:
    """Without ticks, lines and edges."""
    panel.set(xticks=[], yticks=[], **settings)
    panel.grid(visible=False)
    panel.spines[["left", "bottom"]].set_visible(False)
    return panel
