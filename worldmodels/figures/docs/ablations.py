"""ablations.svg: what C returns in CarRacing without h, without dreams and without fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.score_by_cost import mean_over_seeds, printed_number
from worldmodels.figures.common.style import PAPER, PROJECT
from worldmodels.figures.docs.style import docs_figure, docs_style

ROW_HEIGHT, HEADING_HEIGHT, AXIS_HEIGHT = 56, 76, 46  # pixels
LANE = 0.19  # rows between training seeds
PAPER_LANE = 0.4  # rows from the middle of a row to the paper's score
TEXT_LANE = 0.17  # and to its text, and as far up to that of this project
MARGIN = 12.0  # of the axis beyond the intervals, in points of return


class Score(NamedTuple):
    """A mean return on test tracks, and its standard error."""

    mean: float
    stderr: float


class Ablation(NamedTuple):
    """An agent that lacks a part, trained with some seeds; or the whole one, which lacks none."""

    name: str
    part: str
    scores: Mapping[int, Score]  # by training seed
    paper: Score | None = None  # the paper's score of the same

    def mean(self) -> Score:
        """The mean over training seeds; its error is over seeds and tracks."""
        means, stderrs = zip(*self.scores.values(), strict=True)
        return Score(*mean_over_seeds(means, stderrs))

    def lost(self, whole: Ablation) -> Score:
        """The whole agent's scores less this one's, the mean over the seeds of this one."""
        pairs = [(whole.scores[seed], score) for seed, score in self.scores.items()]
        means = [full.mean - own.mean for full, own in pairs]
        stderrs = [float(np.hypot(full.stderr, own.stderr)) for full, own in pairs]
        return Score(*mean_over_seeds(means, stderrs))


def ablations_figure(whole: Ablation, ablations: Sequence[Ablation]) -> Figure:
    """A row for each agent, the whole one first: a point for each training seed, and their mean."""
    rows = [whole, *ablations]
    seeds = sorted({seed for row in rows for seed in row.scores})
    height = HEADING_HEIGHT + ROW_HEIGHT * len(rows) + AXIS_HEIGHT
    with docs_style():
        figure = docs_figure(height, _finding(whole, ablations), _subtitle(seeds))
        bottom, top = AXIS_HEIGHT / height, HEADING_HEIGHT / height
        axes = figure.add_axes((0.225, bottom, 0.6, 1 - bottom - top))
        ends = [end for y, row in enumerate(rows) for end in _draw_row(axes, y, row, seeds)]
        lowest = min(ends) - MARGIN
        axes.set_yticks(range(len(rows)), [f"{row.name}\n{_count(row)}" for row in rows])
        axes.set(xlim=(lowest, max(ends) + MARGIN), ylim=(len(rows) - 0.45, -0.5))
        axes.set(xlabel=f"mean return, in points (from {lowest:.0f} on)")
        axes.tick_params(left=False)
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
    return figure


def _draw_row(axes: Axes, y: int, row: Ablation, seeds: Sequence[int]) -> list[float]:
    """Draw an agent's scores and, to the right of the axes, its mean; where the intervals end."""
    for seed, score in row.scores.items():
        lane = y + LANE * (seeds.index(seed) - (len(seeds) - 1) / 2)
        _draw_score(axes, score, lane, PROJECT, "o")
    mean = row.mean()
    if len(row.scores) > 1:
        reach = LANE * len(seeds) / 2
        axes.plot([mean.mean] * 2, [y - reach, y + reach], color=PROJECT, linewidth=2.5)
    _write_score(axes, _text(mean), y - TEXT_LANE * bool(row.paper), PROJECT, "bold")
    scores = [*row.scores.values()]
    if row.paper:
        _draw_score(axes, row.paper, y + PAPER_LANE, PAPER, "s")
        _write_score(axes, f"the paper: {_text(row.paper)}", y + TEXT_LANE, PAPER, "normal")
        scores.append(row.paper)
    return [score.mean + sign * score.stderr for score in scores for sign in (-1, 1)]


def _draw_score(axes: Axes, score: Score, y: float, colour: str, marker: str) -> None:
    how: dict[str, Any] = {"color": colour, "markersize": 5, "elinewidth": 1.0, "capsize": 2.5}
    fill = "none" if colour == PAPER else colour
    axes.errorbar(score.mean, y, xerr=score.stderr, fmt=marker, markerfacecolor=fill, **how)


def _write_score(axes: Axes, text: str, y: float, colour: str, weight: str) -> None:
    place = axes.get_yaxis_transform()
    axes.text(1.02, y, text, transform=place, va="center", color=colour, weight=weight)


def _text(score: Score) -> str:
    return f"{printed_number(score.mean)} ± {score.stderr:.0f}"


def _count(row: Ablation) -> str:
    count = len(row.scores)
    return f"{count} training seed{'s' if count > 1 else ''}"


def _finding(whole: Ablation, ablations: Sequence[Ablation]) -> str:
    """What each part is worth, the dearest first."""
    worth = sorted(((row.lost(whole), row.part) for row in ablations), reverse=True)
    (most, first), *others = worth
    verb = "are" if first.endswith("s") else "is"
    start = f"{first[0].upper()}{first[1:]}" if len(first) > 1 else first
    rest = "".join(f", {part} {_text(lost)}" for lost, part in others)
    return f"{start} {verb} worth {_text(most)} points{rest}"


def _subtitle(seeds: Sequence[int]) -> str:
    numbers = ", ".join(map(str, seeds))
    if len(seeds) == 1:
        return (
            f"CarRacing, mean return on 100 test tracks, driven once; training seed {numbers}; "
            "± standard error over tracks"
        )
    return (
        f"CarRacing, mean return on 100 test tracks, driven once. Points: training seeds {numbers} "
        "from above, ± standard error over tracks;\nbar and number: their mean, ± standard error "
        "over seeds and tracks, of one seed over tracks alone"
    )
