"""ablation_of_h.svg: what C returns with z alone, with h of an untrained M, and with M's h."""

from __future__ import annotations

from typing import NamedTuple

from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.style import MEMORY, PAPER, PROJECT
from worldmodels.figures.docs.style import docs_figure, docs_style

HEIGHT = 280  # pixels
WIDE = 1.96  # standard errors, each way, of an interval of 95 %


class Ablation(NamedTuple):
    """A score on 100 test tracks."""

    name: str  # what C sees
    mean_return: float
    stderr: float
    paper: float | None = None  # the paper's score of the same


def ablation_figure(rows: tuple[Ablation, Ablation, Ablation]) -> Figure:
    """A row each for z alone, z and the h of an untrained M, z and the h of a trained M."""
    z, untrained, full = (row.mean_return for row in rows)
    with docs_style():
        figure = docs_figure(
            HEIGHT,
            f"h is worth {full - z:.0f} points of {full:.0f}, and M has learned "
            f"{full - untrained:.0f} of them",
            "CarRacing, 100 test tracks, driven once: mean return ± standard error, intervals of "
            "95 % over tracks; one training seed",
        )
        axes = figure.add_axes((0.225, 0.165, 0.755, 0.6))
        for y, row in zip((2.0, 1.0, 0.0), rows, strict=True):
            interval = WIDE * row.stderr
            axes.errorbar(
                row.mean_return, y, xerr=interval, fmt="o", color=PROJECT, capsize=4, markersize=6
            )
            label = f"{row.mean_return:.0f} ± {row.stderr:.0f}"
            at = (row.mean_return, y + 0.13)
            axes.text(*at, label, ha="center", va="bottom", color=PROJECT, weight="bold")
            if row.paper is not None:
                axes.plot(row.paper, y, "s", color=PAPER, markersize=6, markerfacecolor="none")
                axes.text(row.paper + 7, y, f"the paper: {row.paper:.0f}", va="center", color=PAPER)
        steps = ((z, untrained, 1.5, "for the h of any M"), (untrained, full, 0.5, "learned"))
        for start, end, y, text in steps:
            arrow = {"arrowstyle": "->", "color": MEMORY, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (end, y), (start, y), arrowprops=arrow)
            axes.text(end + 7, y, f"{end - start:+.0f} {text}", va="center", color=MEMORY)
        axes.set_yticks([2, 1, 0], [row.name for row in rows])
        axes.set(xlim=(500, 1000), ylim=(-0.45, 2.5), xlabel="mean return (from 500 on)")
        axes.tick_params(left=False)
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
    return figure
