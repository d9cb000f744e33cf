"""ablation_of_h.svg: what C returns with z alone, with h of an untrained M, and with M's h."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.score_by_cost import mean_over_seeds
from worldmodels.figures.common.style import MEMORY, PAPER, PROJECT
from worldmodels.figures.docs.style import docs_figure, docs_style

HEIGHT = 280  # pixels
WIDE = 1.96  # standard errors, each way, of an interval of 95 %
SEED_Y = 0.16  # how far below their mean the training seeds are drawn, in rows
LOWEST = 500.0  # of the axis, if no interval reaches below


class Ablation(NamedTuple):
    """Scores on 100 test tracks, one a training seed."""

    name: str  # what C sees
    means: Sequence[float]
    stderrs: Sequence[float]  # over tracks
    paper: float | None = None  # the paper's score of the same


def ablation_figure(rows: tuple[Ablation, Ablation, Ablation]) -> Figure:
    """A row each for z alone, z and the h of an untrained M, z and the h of a trained M."""
    scores = [mean_over_seeds(row.means, row.stderrs) for row in rows]
    (z, _), (untrained, _), (full, _) = scores
    seeds = len(rows[0].means)
    lowest = min(LOWEST, min(mean - WIDE * stderr for mean, stderr in scores) - 10)
    with docs_style():
        figure = docs_figure(
            HEIGHT,
            f"h is worth {full - z:.0f} points of {full:.0f}, and M has learned "
            f"{full - untrained:.0f} of them",
            _subtitle(seeds),
        )
        axes = figure.add_axes((0.225, 0.165, 0.755, 0.6))
        for y, row, (mean, stderr) in zip((2.0, 1.0, 0.0), rows, scores, strict=True):
            reach = WIDE * stderr
            axes.errorbar(mean, y, xerr=reach, fmt="o", color=PROJECT, capsize=4, markersize=6)
            if seeds > 1:
                axes.plot(row.means, [y - SEED_Y] * seeds, "o", color=PROJECT, markersize=3)
            label = f"{mean:.0f} ± {stderr:.0f}"
            at = (mean, y + 0.13)
            axes.text(*at, label, ha="center", va="bottom", color=PROJECT, weight="bold")
            if row.paper is not None:
                axes.plot(row.paper, y, "s", color=PAPER, markersize=6, markerfacecolor="none")
                right = max(row.paper, mean + reach - 4 if mean < row.paper else 0) + 7
                axes.text(right, y, f"the paper: {row.paper:.0f}", va="center", color=PAPER)
        steps = ((z, untrained, 1.5, "for the h of any M"), (untrained, full, 0.5, "learned"))
        for start, end, y, text in steps:
            arrow = {"arrowstyle": "->", "color": MEMORY, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (end, y), (start, y), arrowprops=arrow)
            axes.text(end + 7, y, f"{end - start:+.0f} {text}", va="center", color=MEMORY)
        axes.set_yticks([2, 1, 0], [row.name for row in rows])
        axes.set(
            xlim=(lowest, 1000), ylim=(-0.45, 2.5), xlabel=f"mean return (from {lowest:.0f} on)"
        )
        axes.tick_params(left=False)
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
    return figure


def _subtitle(seeds: int) -> str:
    if seeds == 1:
        return (
            "CarRacing, 100 test tracks, driven once: mean return ± standard error, intervals of "
            "95 % over tracks; one training seed"
        )
    return (
        f"CarRacing, 100 test tracks, mean of {seeds} training seeds (small) ± standard error, "
        "intervals of 95 % over seeds and tracks"
    )
