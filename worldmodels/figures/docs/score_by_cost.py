"""score_by_cost.svg: CarRacing's score by core-hours, this project's beside the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.score_by_cost import (
    SOLVED,
    Checkpoints,
    TestScore,
    draw_hollow,
    draw_label,
    draw_paper_log,
    draw_paper_test,
    draw_test,
    mean_over_seeds,
    paper_log,
    paper_test,
    rounded,
)
from worldmodels.figures.common.style import PAPER, PROJECT
from worldmodels.figures.docs.style import TEXT, docs_figure, docs_style

HEIGHT = 440  # pixels
SHOWN_CHECKPOINTS = (0, 1, 7)  # of the paper's, besides the last, with their scores
SOURCE = (
    "The paper: Ha & Schmidhuber 2018; all {count} checkpoints of its log are\n"
    "those of github.com/hardmaru/WorldModelsExperiments, carracing/log"
)
ARROW_RETURN, ARROW_GAP = 937.0, 25.0  # of the arrow between the scores: least, and above them
LOWEST = 470.0  # of the axis, if no score is below
SEED_OPACITY = 0.4  # of each training seed, if there are several, behind their mean


class Training(NamedTuple):
    """`make carracing` with one training seed, or the mean of several."""

    rounds: Checkpoints  # C of each round, on validation tracks
    finetuned: Checkpoints  # of one entry, that C after fine-tuning, on other validation tracks
    test: TestScore  # of the same C


def score_by_cost_figure(trainings: Sequence[Training]) -> Figure:
    """Returns by core-hours on a logarithmic axis; hollow markers chose, filled ones are tests.

    Args:
        trainings: one a training seed. Of several their mean has the labels.
    """
    paper, project = paper_test(), mean_training(trainings)
    test = project.test
    factor = paper.core_hours / test.core_hours
    several = f" of {len(trainings)} seeds and their mean" if len(trainings) > 1 else ""
    score = comparison(test.mean_return - paper.mean_return, test.stderr)
    arrow_y = max(ARROW_RETURN, test.mean_return + ARROW_GAP)
    lowest = min(float(training.rounds.returns.min()) for training in trainings)
    with docs_style():
        figure = docs_figure(
            HEIGHT,
            f"{score} after 1/{rounded(factor):,} of its core-hours",
            f"CarRacing, mean return{several}.  ● 100 test tracks, ± standard error   "
            f"○ tracks that chose among controllers{'' if several else ', during training'}",
        )
        axes = figure.add_axes((0.062, 0.105, 0.93, 0.755))
        axes.axhline(SOLVED, color=TEXT, linewidth=0.8)
        axes.text(0.16, SOLVED + 3, f"solved: {SOLVED}", va="bottom")
        for training in trainings if several else ():
            _draw_seed(axes, training)
        _draw_project(axes, project)
        source = SOURCE.format(count=len(paper_log().returns))
        axes.text(0.995, 0.1, source, transform=axes.transAxes, ha="right", color=PAPER)
        draw_paper_log(axes, SHOWN_CHECKPOINTS)
        draw_paper_test(axes)
        left, right = test.core_hours, paper.core_hours
        arrow = {"arrowstyle": "<->", "color": TEXT, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (left, arrow_y), (right, arrow_y), arrowprops=arrow)
        middle = float(np.sqrt(left * right))
        draw_label(axes, (middle, arrow_y), f"x {rounded(factor):,}", (0, 3), TEXT, "center")
        axes.set(xscale="log", xlim=(0.15, 250_000), ylim=(min(LOWEST, lowest - 30), arrow_y + 28))
        axes.set(xlabel="core-hours so far (logarithmic)")
        axes.xaxis.set_major_formatter(lambda hours, _: f"{hours:,g}")
        axes.minorticks_off()
    return figure


def comparison(difference: float, stderr: float) -> str:
    """A score beside the paper's, in words: the same, if it is within two standard errors."""
    if abs(difference) <= 2 * stderr:
        return "The score of the paper"
    return f"{abs(difference):.0f} points {'above' if difference > 0 else 'below'} the paper"


def mean_training(trainings: Sequence[Training]) -> Training:
    """Their mean scores by their mean costs, round by round."""

    def mean(checkpoints: Sequence[Checkpoints]) -> Checkpoints:
        return Checkpoints(*np.mean(checkpoints, axis=0))

    tests = [training.test for training in trainings]
    score = mean_over_seeds([test.mean_return for test in tests], [test.stderr for test in tests])
    return Training(
        mean([training.rounds for training in trainings]),
        mean([training.finetuned for training in trainings]),
        TestScore(float(np.mean([test.core_hours for test in tests])), *score),
    )


def _course(training: Training) -> Checkpoints:
    """All scores on tracks that chose among controllers."""
    return Checkpoints(*np.concatenate([training.rounds, training.finetuned], axis=1))


def _draw_seed(axes: Axes, training: Training) -> None:
    hours, returns = _course(training)
    test = training.test
    axes.plot(hours, returns, color=PROJECT, linewidth=0.8, alpha=SEED_OPACITY)
    axes.plot(test.core_hours, test.mean_return, "o", color=PROJECT, ms=4, alpha=SEED_OPACITY)


def _draw_project(axes: Axes, training: Training) -> None:
    hours, returns = _course(training)
    test = training.test
    axes.plot([*hours, test.core_hours], [*returns, test.mean_return], color=PROJECT)
    draw_hollow(axes, hours, returns, PROJECT, 6)
    for number, point in enumerate(zip(*training.rounds, strict=True)):
        draw_label(axes, point, f"round {number}: {point[1]:.0f}", (10, -4), PROJECT)
    chosen = (float(hours[-1]), float(returns[-1]))
    draw_label(axes, chosen, f"fine-tuned: {chosen[1]:.0f}", (10, -22), PROJECT)
    draw_test(axes, test, PROJECT)
    point = (test.core_hours, test.mean_return)
    text = f"this project: {test.mean_return:.0f} ± {test.stderr:.0f} after {test.core_hours:.1f}"
    draw_label(axes, point, text, (8, 3), PROJECT, weight="bold")
