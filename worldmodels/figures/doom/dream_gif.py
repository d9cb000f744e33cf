"""dream.gif of Doom: the end of a game beside M's dreams, which begin where the animation does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worldmodels.figures.common.animation import Canvas
from worldmodels.figures.common.scene import Scene, bare, slices
from worldmodels.figures.common.score_by_cost import printed_number
from worldmodels.figures.common.style import CONTROLLER, DREAM, ENVIRONMENT, INK

Frames = NDArray[np.uint8]  # (frames, H, W, 3)
SHOWN_STEPS = 60  # of a game: its last ones
WIDTH, HEIGHT = 752, 614  # pixels
GAME_SIZE = (192, 256)  # height and width of the game's frames, pixels
GAP, TITLE = 12, 24  # pixels: between panels, and above each
PICTURES = 76  # from the top of the image to that of the pictures, pixels
LEFT = 2 * GAP + GAME_SIZE[1] + 24  # of the views, pixels
VIEW_SIZE = (157, WIDTH - LEFT - GAP)  # height and width of a view, at the most, pixels
CHART = (48, 46, 220, 236)  # left, bottom, width and height, pixels
ARROWS = {-1: "←", 0: "·", 1: "→"}


class Trace(NamedTuple):
    """S steps of a game, or of a dream that begins with them and may end before."""

    decoded: Frames  # (S + 1, H, W, 3), V's decodings of z
    directions: NDArray[np.int64]  # (S,): -1 to the left, 0 still, 1 to the right


class Game(NamedTuple):
    """The last S steps of a game of C."""

    screens: Frames  # (S + 1, *GAME_SIZE, 3)
    trace: Trace
    tics: int  # of the whole game
    died: bool


class Panels:
    """The static part."""

    def __init__(self, game: Game, ended: NDArray[np.float64]) -> None:
        self.scene = scene = Scene(WIDTH, HEIGHT)
        steps, shape = len(game.trace.directions), game.trace.decoded.shape[1:]
        scene.add_text(GAP, 9, finding(game, ended), 11.5, "bold")
        text = f"Its last {steps} decisions, and dreams that M begins with them"
        scene.add_text(GAP, 32, text, 9, "normal")
        bottom = HEIGHT - PICTURES - GAME_SIZE[0]
        self.game = bare(scene.add_panel(GAP, bottom, GAME_SIZE[1], GAME_SIZE[0], ""))
        self.game.set_title("The game", color=ENVIRONMENT)
        scale = min(VIEW_SIZE[0] / shape[0], VIEW_SIZE[1] / shape[1])
        high, wide = (round(scale * side) for side in shape[:2])
        self.views = []
        for number, (title, colour) in enumerate(
            (
                ("The game, as V decodes it", ENVIRONMENT),
                ("M's dream, with the actions of the game", DREAM),
                ("M's dream, with C in it", DREAM),
            )
        ):
            bottom = HEIGHT - PICTURES - high - number * (VIEW_SIZE[0] + TITLE + 2)
            view = bare(scene.add_panel(LEFT, bottom, wide, high, ""))
            view.set_title(title, color=colour)
            self.views.append(view)
        self.right = LEFT + wide
        self.chart = chart = scene.add_panel(*CHART, "")
        chart.set_title("Upper dream has ended (%)", color=DREAM)
        chart.set(xlim=(0, steps), ylim=(0, 104), xlabel="decision")
        if game.died:
            chart.axvline(steps, color=ENVIRONMENT, linewidth=2.5, clip_on=False)
            chart.text(steps, 96, "death ", ha="right", va="top", color=ENVIRONMENT)


def finding(game: Game, ended: NDArray[np.float64]) -> str:
    """How the game ended, and whether the dream with its actions foretold that."""
    fate = "dies" if game.died else "is alive"
    return (
        f"C {fate} after {printed_number(game.tics)} tics; by then M's dream has ended with a "
        f"chance of {100 * ended[-1]:.0f} %"
    )


def game_frames(
    game: Game, replayed: Trace, ended: NDArray[np.float64], dream: Trace
) -> Iterator[Image.Image]:
    """The frames of S steps, one before the first and one after each.

    Args:
        game: the end of the game.
        replayed: the dream of S steps with its actions.
        ended: the chance that this dream had ended, (S + 1,), from 0 on.
        dream: the dream in which C acts; it may end before.
    """
    panels = Panels(game, ended)
    scene, steps = panels.scene, len(game.trace.directions)
    canvas = Canvas(scene.image())
    curve = scene.pixel_coordinates(
        panels.chart, np.stack([np.arange(steps + 1), 100 * ended], axis=1)
    )

    def draw(step: int) -> None:
        scene.draw_image(canvas, panels.game, game.screens[step])
        for view, trace in zip(panels.views, (game.trace, replayed, dream), strict=True):
            last = min(step, len(trace.directions))
            scene.draw_image(canvas, view, trace.decoded[last])
            words = f"over after {last}" if last < step else arrow(trace.directions, step)
            if trace is game.trace and game.died and step == steps:
                words = "death"
            top = scene.height - round(view.get_window_extent().y1) - 18
            canvas.write(panels.right, top, words, CONTROLLER if words in ARROWS.values() else INK)
        canvas.dot(curve[step], DREAM)
        canvas.write(GAP + GAME_SIZE[1], PICTURES - 18, f"decision {step} of {steps}", INK)

    canvas.stroke(curve, DREAM)
    draw(steps)
    shown = (
        (panels.game, game.screens),
        *zip(panels.views, (each.decoded for each in (game.trace, replayed, dream)), strict=True),
    )
    for panel, frames in shown:
        scene.draw_image(canvas, panel, slices(frames))
    canvas.choose_colours()
    for step in range(steps + 1):
        canvas.stroke(curve[max(step - 1, 0) : step + 1], DREAM, permanent=True)
        draw(step)
        yield canvas.frame()


def arrow(directions: NDArray[np.int64], step: int) -> str:
    """The direction of the action that is about to be taken, or of the last one."""
    return ARROWS[int(directions[min(step, len(directions) - 1)])]
