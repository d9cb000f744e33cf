"""rounds.png: the return of C after each round, and what it cost, beside the paper."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.carracing.returns import SOLVED
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import BLUE, GREEN, GREY, INK, ORANGE, VERMILION, new_figure

PAPER_SCORES = {1_000: 823, 7_370: 880, 71_600: 906}  # Ha & Schmidhuber 2018: return by core-hours
MARGIN = 40.0  # of the return axis, below the lowest score


class Rounds(NamedTuple):
    """One entry a round."""

    validation: NDArray[np.float64]  # mean return of its C on validation tracks
    core_hours: NDArray[np.float64]  # cumulative
    env_frames: NDArray[np.float64]  # of the game, collected for training; cumulative


class FinetuneScore(NamedTuple):
    """The last C after finetune_c."""

    validation: float  # mean return on validation tracks, others than those of the rounds
    core_hours: float  # with all rounds
    env_frames: float  # with all rounds


class FinalScore(NamedTuple):
    """The evaluation, on tracks that no other stage has seen."""

    mean: float
    stderr: float
    baseline: float  # mean of the random policy


def rounds_figure(rounds: Rounds, finetuned: FinetuneScore, test: FinalScore) -> Figure:
    """Scores by core-hours and by frames; the test score stands where finetune_c has ended.

    The axis starts below the lowest score of C, so a random policy that is far worse is outside.
    """
    figure = new_figure(10, 4.4)
    left = figure.add_axes((0.065, 0.25, 0.5, 0.67))
    right = figure.add_axes((0.605, 0.25, 0.38, 0.67), sharey=left)
    millions = rounds.env_frames / 1e6
    for axes, cost, final_cost in (
        (left, rounds.core_hours, finetuned.core_hours),
        (right, millions, finetuned.env_frames / 1e6),
    ):
        _draw_scores(axes, cost, rounds.validation, final_cost, finetuned.validation, test)
    neighbours = np.convolve(np.pad(rounds.validation, 1, "edge"), [0.5, 0, 0.5], "valid")
    offsets = [  # outside the bend of the line
        (0, 7 if above else -15) for above in rounds.validation > neighbours
    ]
    offsets[-1] = (10, -3)
    for number, point in enumerate(zip(millions, rounds.validation, strict=True)):
        _annotate(right, point, str(number), offsets[number])
    left.plot(
        list(PAPER_SCORES),
        list(PAPER_SCORES.values()),
        "s:",
        color=VERMILION,
        label="the paper, test tracks",
    )
    for point in PAPER_SCORES.items():
        _annotate(left, point, str(point[1]), (0, -14))
    _annotate(left, (finetuned.core_hours, test.mean), f"{test.mean:.0f}", (14, -14))
    left.set(
        title=f"C returns {test.mean:.0f} after {finetuned.core_hours:.1f} core-hours",
        xlabel="core-hours so far (logarithmic)",
        ylabel="mean return of C",
        xscale="log",
    )
    left.xaxis.set_major_formatter(lambda hours, _: f"{hours:,g}")
    left.margins(x=0.08)
    scores = (*rounds.validation, finetuned.validation, test.mean - test.stderr)
    left.set_ylim(bottom=min(*scores, *PAPER_SCORES.values()) - MARGIN)
    right.set(title=f"... and {finetuned.env_frames / 1e6:.1f} million frames of the game")
    right.set(xlabel="frames for training so far (millions)")
    right.set(xlim=(0, 1.08 * finetuned.env_frames / 1e6))
    right.tick_params(labelleft=False)
    figure.legend(*left.get_legend_handles_labels(), loc="lower center", ncols=3)
    return figure


def _draw_scores(
    axes: Axes,
    cost: NDArray[np.float64],
    validation: NDArray[np.float64],
    final_cost: float,
    finetuned: float,
    test: FinalScore,
) -> None:
    axes.plot(cost, validation, "o-", color=BLUE, label="C of each round, validation tracks")
    axes.plot(
        final_cost,
        finetuned,
        "o",
        color="white",
        markeredgecolor=BLUE,
        markersize=8,
        label=f"after fine-tuning, other validation tracks: {finetuned:.0f}",
    )
    axes.plot([cost[-1], final_cost], [validation[-1], finetuned], ":", color=BLUE, zorder=1)
    axes.errorbar(
        [final_cost],
        [test.mean],
        [test.stderr],
        fmt="D",
        markersize=5,
        color=ORANGE,
        markeredgecolor=INK,
        ecolor=INK,
        capsize=4,
        label=f"the same C, test tracks: {test.mean:.0f} ± {test.stderr:.0f} (standard error)",
    )
    axes.axhline(SOLVED, color=GREEN, linestyle="--", linewidth=1.1, label=f"solved: {SOLVED}")
    axes.axhline(
        test.baseline, color=GREY, linestyle=":", label=f"random policy: {test.baseline:.0f}"
    )


def _annotate(
    axes: Axes, point: tuple[float, float], text: str, offset: tuple[float, float]
) -> None:
    axes.annotate(text, point, offset, textcoords="offset points", ha="center", fontsize=8)
