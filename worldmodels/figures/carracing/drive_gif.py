"""drive.gif of CarRacing: the game, z and h in an episode, and in a dream from the same start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.figures.common.animation import RGB, Canvas
from worldmodels.figures.common.matplotlib_defaults import Axes, to_rgb
from worldmodels.figures.common.scene import Scene, bare, cumulative, return_limits, slices
from worldmodels.figures.common.score_by_cost import printed_number
from worldmodels.figures.common.style import (
    DREAM,
    ENVIRONMENT,
    GREY,
    INK,
    MEMORY,
    README_WIDTH,
    VISION,
)

Frames = NDArray[np.uint8]  # (frames, H, W, 3)
FRAME_STEPS = 2  # steps from one frame to the next
ZOOM_FRAMES = 50  # of the game, its first second, in which the camera zooms in
WIDTH, HEIGHT = README_WIDTH, 424  # pixels
GAME_SIZE = (234, 156)  # width and height of the game's frames, pixels
GAP = 12  # between panels, pixels
MAX_VIEW_WIDTH = 178  # of an observation, pixels
PICTURES = 56  # from the top of the image to that of the pictures, pixels
CHART = (52, 46, 134)  # left, bottom and height of the returns, pixels
LABELS = (140, 0)  # of the returns in game and dream, from their right ends to the chart's, pixels
LABEL_HEIGHT = 20  # above the chart, pixels
COLUMNS = 32  # of the cells that show h, at the most
CELLS = 64  # numbers of h that are shown: more would make the GIF much larger


class LatentTrace(NamedTuple):
    """z, h and rewards of an episode of L steps, in the environment or in a dream."""

    decoded: Frames  # (L + 1, H, W, 3), V's decodings of z
    z: NDArray[np.float32]  # (L + 1, Z)
    h: NDArray[np.float32]  # (L + 1, H), before the action
    rewards: NDArray[np.float64]  # (L,)

    @property
    def returns(self) -> NDArray[np.float64]:
        """The return so far, (L + 1,)."""
        return cumulative(self.rewards)


class Panels:
    """The static part."""

    def __init__(self, shape: tuple[int, ...], episode: LatentTrace, dream: LatentTrace) -> None:
        self.scene = scene = Scene(WIDTH, HEIGHT)
        scene.add_text(GAP, 9, finding(episode, dream), 11.5, "bold")
        high = GAME_SIZE[1]
        wide = min(MAX_VIEW_WIDTH, round(high * shape[1] / shape[0]))
        bottom = HEIGHT - PICTURES - high
        lefts = [
            GAP,
            *(2 * GAP + GAME_SIZE[0] + number * (MAX_VIEW_WIDTH + GAP) for number in range(3)),
        ]
        self.game = bare(scene.add_panel(lefts[0], bottom, *GAME_SIZE, ""))
        self.game.set_title("The game", color=ENVIRONMENT)
        self.observation, *decoded = (
            bare(scene.add_panel(left, bottom, wide, high, title))
            for left, title in zip(
                lefts[1:],
                (f"V sees {shape[1]} x {shape[0]}", "V's decoding of z", ""),
                strict=True,
            )
        )
        self.decoded = decoded
        self.decoded[1].set_title("M's dream", color=DREAM)
        left, bottom, high = CHART
        wide = lefts[2] - 2 * GAP - left
        self.returns = scene.add_panel(left, bottom, wide, high, "Return so far")
        longest = max(len(episode.rewards), len(dream.rewards))
        self.returns.set(xlim=(0, longest), xlabel="step (action of C)")
        self.returns.set(ylim=return_limits(np.concatenate([episode.returns, dream.returns])))
        self.z = [self._z_panel(left, episode, dream) for left in lefts[2:]]
        self.h = [self._h_panel(left, episode) for left in lefts[2:]]

    def _z_panel(self, left: float, episode: LatentTrace, dream: LatentTrace) -> Axes:
        count = episode.z.shape[1]
        panel = self.scene.add_panel(left, 94, MAX_VIEW_WIDTH, 86, "")
        panel.set_title(f"z, {count} numbers", color=VISION)
        reach = 1.05 * max(np.abs(episode.z).max(), np.abs(dream.z).max())
        panel.axhline(0, color=GREY, linewidth=0.8)
        return bare(panel, xlim=(-0.7, count - 0.3), ylim=(-reach, reach))

    def _h_panel(self, left: float, episode: LatentTrace) -> Axes:
        count = episode.h.shape[1]
        some = f"{CELLS} of {count}" if count > CELLS else str(count)
        panel = self.scene.add_panel(left, 20, MAX_VIEW_WIDTH, 40, "")
        panel.set_title(f"h, {some} numbers", color=MEMORY)
        return bare(panel)


def first_step(steps: int, frame_skip: int) -> int:
    """The step of an episode of L steps from which the camera has zoomed in; 0 if it ends before.

    A step has frame_skip frames.
    """
    zoomed = -(-ZOOM_FRAMES // frame_skip)
    return zoomed if zoomed < steps else 0


def shown_steps(first: int, last: int) -> list[int]:
    """Every FRAME_STEPS-th step from the first, and the last."""
    return [*range(first, last, FRAME_STEPS), last]


def finding(episode: LatentTrace, dream: LatentTrace) -> str:
    """What C returns in both, in words."""
    return (
        f"C returns {printed_number(episode.returns[-1])} in the game, and "
        f"{printed_number(dream.returns[-1])} in M's dream from the same start"
    )


def episode_frames(
    game: Frames, observations: Frames, episode: LatentTrace, dream: LatentTrace, first: int = 0
) -> Iterator[Image.Image]:
    """The frames of an episode of L steps and of a dream beside it, from the step `first` on.

    The panels of the one that ends first show its last step until the other has ended.

    Args:
        game: the game's own frames, of GAME_SIZE, at shown_steps(first, L).
        observations: what V encoded in the episode, (L + 1, H, W, 3).
        episode: the trace of the episode.
        dream: the trace of the dream, which began with the episode.
        first: the step to begin with.
    """
    traces, colours = (episode, dream), (ENVIRONMENT, DREAM)
    panels = Panels(observations.shape[1:], episode, dream)
    scene = panels.scene
    canvas = Canvas(scene.image())
    _, _, right, top = panels.returns.get_window_extent().extents
    label_top = HEIGHT - round(top) - LABEL_HEIGHT
    curves = [
        scene.pixel_coordinates(
            panels.returns, np.stack([np.arange(len(trace.returns)), trace.returns], axis=1)
        )
        for trace in traces
    ]

    def draw(step: int) -> None:
        shown = min(-(-(step - first) // FRAME_STEPS), len(game) - 1)
        scene.draw_image(canvas, panels.game, game[shown])
        scene.draw_image(canvas, panels.observation, observations[min(step, len(observations) - 1)])
        for number, trace in enumerate(traces):
            last, colour = min(step, len(trace.rewards)), colours[number]
            scene.draw_image(canvas, panels.decoded[number], trace.decoded[last])
            scene.draw_bars(canvas, panels.z[number], trace.z[last])
            scene.draw_image(canvas, panels.h[number], cells(trace.h[last, :CELLS]))
            canvas.dot(curves[number][last], colour)
            where, over = ("game", "dream")[number], " (over)" if last < step else ""
            label = f"{where} {printed_number(trace.returns[last])}{over}"
            canvas.write(round(right) - LABELS[number], label_top, label, colour)
        canvas.write(GAP + GAME_SIZE[0], PICTURES - 20, f"step {step}", INK)

    for curve, colour in zip(curves, colours, strict=True):
        canvas.stroke(curve, colour)
    longest = max(len(trace.rewards) for trace in traces)
    draw(longest)
    shown = (
        (panels.game, game),
        (panels.observation, observations[first:]),
        *zip(panels.decoded, (trace.decoded[first:] for trace in traces), strict=True),
    )
    for panel, frames in shown:
        scene.draw_image(canvas, panel, slices(frames))
    canvas.choose_colours()
    before = 0
    for step in shown_steps(first, longest):
        for curve, colour in zip(curves, colours, strict=True):
            if before < len(curve):
                canvas.stroke(curve[before : step + 1], colour, permanent=True)
        draw(step)
        before = step
        yield canvas.frame()


def cells(h: NDArray[np.float32]) -> RGB:
    """Numbers in [-1, 1] as cells, (rows, columns, 3): 1 is of M's colour, -1 is grey."""
    columns = min(len(h), COLUMNS)
    padded = np.zeros(-(-len(h) // columns) * columns)
    padded[: len(h)] = h
    ends = np.array([to_rgb(GREY), to_rgb(MEMORY)])[(padded > 0).astype(int)]
    colours = 1 + np.abs(padded)[:, None] * (ends - 1)
    image: RGB = np.rint(255 * colours).astype(np.uint8).reshape(-1, columns, 3)
    return image
