"""drive.gif: one drive as it happens; the road, what the car sees, z, and the reward so far.

Matplotlib draws what stands still, once; what moves is painted on that.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from stages.figures.paper import Paper, Points
from stages.figures.style import BLUE, GREY, INK, ORANGE, VERMILION, draw_track, new_figure, pixels
from stages.worlds.track import Track

WIDTH, HEIGHT = 920, 400  # pixels
CAR = np.array([[0.9, 0.0], [-0.6, 0.5], [-0.3, 0.0], [-0.6, -0.5]])  # looking along x


class Scene:
    """The part that stands still: panels, and where in the picture their coordinates lie."""

    def __init__(self, track: Track, z: NDArray[np.float32], total: NDArray[np.float64]) -> None:
        figure = new_figure(WIDTH / 100, HEIGHT / 100, dpi=100)

        def panel(left: float, bottom: float, wide: float, high: float, title: str) -> Axes:
            axes = figure.add_axes((left / WIDTH, bottom / HEIGHT, wide / WIDTH, high / HEIGHT))
            axes.set_title(title)
            return axes

        self.road = panel(10, 8, 362, 362, "The world")
        self.view = panel(424, 210, 160, 160, "What the car sees")
        self.code = panel(424, 48, 160, 114, "z: V's code of it")
        self.reward = panel(636, 48, 270, 322, "Reward so far")
        draw_track(self.road, track)
        self.road.set(xticks=[], yticks=[])
        self.view.set(xticks=[], yticks=[])
        self.view.spines[["left", "bottom"]].set_visible(False)
        reach = 1.05 * np.abs(z).max()
        self.code.axhline(0, color=GREY, linewidth=0.8)
        self.code.set(xlim=(-0.7, z.shape[1] - 0.3), ylim=(-reach, reach), xlabel="entry of z")
        self.code.set_xticks([0, z.shape[1] - 1], ["1", str(z.shape[1])])
        self.code.xaxis.labelpad = -8
        self.code.grid(visible=False)
        low, high = min(0.0, total.min()), max(1.0, total.max())
        limits = (low - 0.03 * (high - low), high + 0.08 * (high - low))
        self.reward.set(xlim=(0, len(total) - 1), ylim=limits, xlabel="step")
        self.picture = pixels(figure)

    def at(self, axes: Axes, points: Points) -> Points:
        """Data coordinates of a panel in pixels."""
        x, y = axes.transData.transform(points).T
        return np.stack([x, HEIGHT - y], axis=1)


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
    scene = Scene(track, z, total)
    paper = Paper(scene.picture)
    trail = scene.at(scene.road, states[:, :2])
    curve = scene.at(scene.reward, np.stack([np.arange(len(total)), total], axis=1))

    def paint(step: int) -> None:
        _paint_car(paper, scene, states[step])
        _paint_view(paper, scene, views[step])
        _paint_code(paper, scene, z[step])
        paper.fill(curve[step] + 4.5 * _circle(), ORANGE)
        paper.write(WIDTH - 14, 8, f"{total[step]:+.1f} after {step} steps", INK)

    for line in (trail, curve):
        paper.stroke(line, BLUE)
    paint(len(rewards))
    paper.choose_colours()
    for step in range(len(states)):
        for line in (trail, curve):
            paper.stroke(line[max(step - 1, 0) : step + 1], BLUE, stays=True)
        paint(step)
        yield paper.frame()


def _circle() -> Points:
    angle = np.linspace(0, 2 * np.pi, 20)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _paint_car(paper: Paper, scene: Scene, state: NDArray[np.float64]) -> None:
    x, y, theta, _ = state
    turn = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
    for size, colour in ((1.25, "white"), (1.0, VERMILION)):
        paper.fill(scene.at(scene.road, size * CAR @ turn + (x, y)), colour)


def _paint_view(paper: Paper, scene: Scene, view: NDArray[np.uint8]) -> None:
    """The picture that V gets, with the car where it stands, looking up."""
    left, bottom, right, _ = (round(edge) for edge in scene.view.get_window_extent().extents)
    side = right - left
    nearest = np.arange(side) * len(view) // side
    large = view[nearest][:, nearest]
    if view.shape[2] == 1:  # black and white tire the eye
        large = np.repeat(40 + large // 255 * np.uint8(215), 3, axis=2)
    top = HEIGHT - bottom - side
    paper.lay(left, top, large)
    paper.fill(np.array([left, top]) + side / 2 + 10 * CAR[:, ::-1] * (1, -1), VERMILION)


def _paint_code(paper: Paper, scene: Scene, z: NDArray[np.float32]) -> None:
    entry = np.arange(len(z))
    corner = scene.at(scene.code, np.stack([entry - 0.4, np.maximum(z, 0)], axis=1))
    opposite = scene.at(scene.code, np.stack([entry + 0.4, np.minimum(z, 0)], axis=1))
    corners = np.rint(np.concatenate([corner, opposite], axis=1)).astype(int).tolist()
    boxes = [(left, top, max(right, left + 1), bottom + 1) for left, top, right, bottom in corners]
    paper.fill_boxes(boxes, [VERMILION if value < 0 else BLUE for value in z])
