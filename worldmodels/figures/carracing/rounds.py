"""rounds.png: the return of C after each round, and what it cost, beside the paper."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.score_by_cost import (
    SOLVED,
    TestScore,
    draw_heading,
    draw_hollow,
    draw_label,
    draw_paper_log,
    draw_paper_test,
    draw_test,
    paper_log,
    paper_test,
    printed_number,
)
from worldmodels.figures.common.style import GREY, INK, PAPER, PROJECT, new_figure

Array = NDArray[np.float64]
SHOWN_CHECKPOINTS = (0, 1)  # of the paper's log, besides the last, with their scores
SOURCE = "The paper: Ha & Schmidhuber 2018,\nwith all {count} checkpoints of its log"
MARGIN = 40.0  # of the return axis, below the lowest score
HEADROOM = 38.0  # and above the highest


class Rounds(NamedTuple):
    """One entry a round."""

    validation: Array  # mean return of its C on validation tracks
    core_hours: Array  # cumulative
    env_frames: Array  # of the game, collected for training; cumulative


class FinetuneScore(NamedTuple):
    """The last C after finetune_c."""

    validation: float  # mean return on validation tracks, others than those of the rounds
    core_hours: float  # with all rounds
    env_frames: float  # with all rounds


class FinalScore(NamedTuple):
    """The evaluation, on tracks that no other stage has seen."""

    mean: float
    stderr: float
    episodes: int
    baseline: float  # mean of the random policy


def rounds_figure(rounds: Rounds, finetuned: FinetuneScore, test: FinalScore) -> Figure:
    """Scores by core-hours and by frames; the test score stands where finetune_c has ended.

    The axis starts below the lowest score of C, so a random policy that is far worse is outside.
    """
    paper = paper_test()
    million = 1e6 if finetuned.env_frames >= 1e5 else 1.0
    unit = "million frames" if million > 1 else "frames"
    frames = finetuned.env_frames / million
    score = f"{printed_number(test.mean)} ± {test.stderr:.0f}"
    figure = new_figure(9.2, 4.4)
    draw_heading(
        figure,
        f"C returns {score} after {finetuned.core_hours:.1f} core-hours and "
        f"{printed_number(frames, int(million > 1))} {unit} of the game",
        f"CarRacing, mean return.  ● {test.episodes} test tracks, ± standard error   ○ validation "
        f"tracks, which chose C.  The random policy: {printed_number(test.baseline)}",
    )
    left = figure.add_axes((0.05, 0.115, 0.58, 0.735))
    right = figure.add_axes((0.68, 0.115, 0.31, 0.735), sharey=left)
    scores = (*rounds.validation, finetuned.validation, test.mean, *paper_log().returns)
    left.set_ylim(min(scores) - MARGIN, max(*scores, paper.mean_return) + HEADROOM)
    draw_paper_log(left, SHOWN_CHECKPOINTS)
    draw_paper_test(left)
    for axes, costs, final_cost, name in (
        (left, rounds.core_hours, finetuned.core_hours, "fine-tuned: "),
        (right, rounds.env_frames / million, frames, ""),
    ):
        axes.axhline(SOLVED, color=GREY, linewidth=0.8, zorder=1)
        _draw_rounds(axes, costs, rounds.validation)
        _draw_final(axes, (costs[-1], rounds.validation[-1]), final_cost, name, finetuned, test)
    source = SOURCE.format(count=len(paper_log().returns))
    left.text(0.985, 0.06, source, transform=left.transAxes, ha="right", color=PAPER)
    draw_label(right, (0, SOLVED), f"solved: {SOLVED}", (4, 3), INK)
    left.set(xlabel="core-hours so far (logarithmic)", xscale="log")
    left.set_xlim(min(0.15, rounds.core_hours[0] / 2), 3 * paper.core_hours)
    left.xaxis.set_major_formatter(lambda hours, _: f"{hours:,g}")
    left.minorticks_off()
    right.set(xlabel=f"{unit} for training so far", xlim=(0, 1.35 * frames))
    right.tick_params(labelleft=False)
    return figure


def _draw_rounds(axes: Axes, costs: Array, validation: Array) -> None:
    axes.plot(costs, validation, color=PROJECT)
    draw_hollow(axes, costs, validation, PROJECT, 6)
    for number, point in enumerate(zip(costs, validation, strict=True)):
        draw_label(axes, point, f"round {number}: {printed_number(point[1])}", (9, -5), PROJECT)


def _draw_final(
    axes: Axes,
    last_round: tuple[float, float],
    cost: float,
    name: str,
    finetuned: FinetuneScore,
    test: FinalScore,
) -> None:
    """Both scores of the C that was fine-tuned, the label of the higher one above the other."""
    axes.plot(*zip(last_round, (cost, finetuned.validation), strict=True), color=PROJECT)
    draw_hollow(axes, np.array([cost]), np.array([finetuned.validation]), PROJECT, 6)
    draw_test(axes, TestScore(cost, test.mean, test.stderr), PROJECT)
    above, below = (9, 3), (9, -19)
    places = (above, below) if test.mean >= finetuned.validation else (below, above)
    text = f"{printed_number(test.mean)} ± {test.stderr:.0f}"
    draw_label(axes, (cost, test.mean), text, places[0], PROJECT, weight="bold")
    text = f"{name}{printed_number(finetuned.validation)}"
    draw_label(axes, (cost, finetuned.validation), text, places[1], PROJECT)
