"""tracks.png: what C came to on every track, and who came round."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from worldmodels.figures.common.style import BLUE, GREY, INK, VERMILION, new_figure

Scores = NDArray[np.float64]
SOLVED = 900  # the mean over 100 tracks that counts as solving CarRacing
PAPER = 906  # Ha & Schmidhuber 2018, table 1: z and h, over 100 tracks
BIN = 25


def tracks(by_controller: Scores, finished: NDArray[np.bool_], random: Scores) -> Figure:
    """Returns from the lowest to the highest, and how often there is which.

    Args:
        by_controller: returns of C.
        finished: which of them drove the whole track.
        random: returns of the random policy.
    """
    figure = new_figure(9.2, 4.6)
    left = figure.add_axes((0.075, 0.24, 0.6, 0.68))
    right = figure.add_axes((0.7, 0.24, 0.28, 0.68), sharey=left)
    order = by_controller.argsort(kind="stable")
    score, came_round = by_controller[order], finished[order]
    rank = (np.arange(len(score)) + 1.0) * 100 / len(score)
    looks = (
        (came_round, "o", BLUE, BLUE, "C, lap finished"),
        (~came_round, "D", VERMILION, "white", "C, lap not finished"),
    )
    for chosen, marker, edge, face, name in looks:
        left.plot(
            rank[chosen],
            score[chosen],
            marker,
            color=edge,
            markerfacecolor=face,
            markersize=4.5,
            label=f"{name}: {chosen.sum()}",
        )
    share = (np.arange(len(random)) + 1.0) * 100 / len(random)
    name = f"random policy, mean {random.mean():.1f}"
    left.plot(share, np.sort(random), "x", color=GREY, markersize=4, label=name)
    low = min(score.min(), random.min(), 0.0)
    edges = np.arange(np.floor(low / BIN), np.ceil(max(score.max(), SOLVED) / BIN) + 1) * BIN
    right.hist(
        [score[came_round], score[~came_round]],
        edges.tolist(),
        stacked=True,
        orientation="horizontal",
        color=[BLUE, VERMILION],
        edgecolor="white",
        linewidth=0.5,
    )
    stderr = score.std() / np.sqrt(len(score))
    lines = (
        (score.mean(), INK, "-", f"mean of C: {score.mean():.1f} ± {stderr:.1f} (standard error)"),
        (PAPER, INK, "--", f"mean in the paper: {PAPER}"),
        (SOLVED, GREY, ":", f"solved: {SOLVED}"),
    )
    for height, colour, style, name in lines:
        left.axhline(height, color=colour, linestyle=style, linewidth=1.1, label=name)
        right.axhline(height, color=colour, linestyle=style, linewidth=1.1)
    left.set(
        title=f"{len(score)} test tracks",
        xlabel="tracks from the worst to the best (%)",
        ylabel="return of the drive",
        xlim=(0, 101.5),
    )
    right.set(title=f"How often, by {BIN} points", xlabel="tracks")
    right.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    right.tick_params(labelleft=False)
    figure.legend(loc="lower center", ncols=3)
    return figure
