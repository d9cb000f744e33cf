"""returns.png: the return of C on each test track, and whether it finished the lap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Figure, MaxNLocator
from worldmodels.figures.common.style import BLUE, GREY, INK, VERMILION, new_figure

Returns = NDArray[np.float64]
SOLVED = 900  # the mean over 100 tracks that counts as solving CarRacing
PAPER_MEAN = 906  # Ha & Schmidhuber 2018, table 1: z and h, over 100 tracks
BIN = 25  # points of the return


def returns_figure(
    by_controller: Returns, finished: NDArray[np.bool_], baseline: Returns
) -> Figure:
    """Returns from the lowest to the highest, and their histogram.

    Args:
        by_controller: returns of C.
        finished: in which of C's episodes the lap was finished.
        baseline: returns of the random policy.
    """
    figure = new_figure(9.2, 4.6)
    left = figure.add_axes((0.075, 0.24, 0.6, 0.68))
    right = figure.add_axes((0.7, 0.24, 0.28, 0.68), sharey=left)
    order = by_controller.argsort(kind="stable")
    returns, finished = by_controller[order], finished[order]
    rank = (np.arange(len(returns)) + 1.0) * 100 / len(returns)
    looks = (
        (finished, "o", BLUE, BLUE, "C, lap finished"),
        (~finished, "D", VERMILION, "white", "C, lap not finished"),
    )
    for chosen, marker, edge, face, name in looks:
        left.plot(
            rank[chosen],
            returns[chosen],
            marker,
            color=edge,
            markerfacecolor=face,
            markersize=4.5,
            label=f"{name}: {chosen.sum()}",
        )
    baseline_rank = (np.arange(len(baseline)) + 1.0) * 100 / len(baseline)
    name = f"random policy, mean {baseline.mean():.1f}"
    left.plot(baseline_rank, np.sort(baseline), "x", color=GREY, markersize=4, label=name)
    low = min(returns.min(), baseline.min(), 0.0)
    edges = np.arange(np.floor(low / BIN), np.ceil(max(returns.max(), SOLVED) / BIN) + 1) * BIN
    right.hist(
        [returns[finished], returns[~finished]],
        edges.tolist(),
        stacked=True,
        orientation="horizontal",
        color=[BLUE, VERMILION],
        edgecolor="white",
        linewidth=0.5,
    )
    mean, stderr = returns.mean(), returns.std() / np.sqrt(len(returns))
    lines = (
        (mean, INK, "-", f"mean of C: {mean:.1f} ± {stderr:.1f} (standard error)"),
        (PAPER_MEAN, INK, "--", f"mean in the paper: {PAPER_MEAN}"),
        (SOLVED, GREY, ":", f"solved: {SOLVED}"),
    )
    for height, colour, style, name in lines:
        left.axhline(height, color=colour, linestyle=style, linewidth=1.1, label=name)
        right.axhline(height, color=colour, linestyle=style, linewidth=1.1)
    left.set(
        title=f"C returns {mean:.1f} on average over {len(returns)} test tracks",
        xlabel="tracks from the worst to the best (%)",
        ylabel="return of the episode",
        xlim=(0, 101.5),
    )
    right.set(title=f"Tracks by return, bins of {BIN}", xlabel="tracks")
    right.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    right.tick_params(labelleft=False)
    figure.legend(loc="lower center", ncols=3)
    return figure
