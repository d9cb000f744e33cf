"""track_layout.png: the track of all episodes, or the tracks of the first ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.road import closed, draw_track
from worldmodels.figures.common.style import BLUE, VERMILION, new_figure

COLUMNS = 4


def track_figure(tracks: Sequence[Track]) -> Figure:
    """The raster that the camera samples, and the start; of a single track also the centreline."""
    if len(tracks) == 1:
        return _single_track(tracks[0])
    rows = -(-len(tracks) // COLUMNS)
    figure = new_figure(2.3 * COLUMNS, 2.5 * rows + 0.35)
    height = 2.5 * rows + 0.35
    for number, track in enumerate(tracks):
        row, column = divmod(number, COLUMNS)
        box = (column / COLUMNS, (height - 0.6 - 2.5 * row - 2.15) / height)
        axes = figure.add_axes((box[0] + 0.005, box[1], 0.99 / COLUMNS, 2.15 / height))
        draw_track(axes, track)
        _draw_start(axes, track)
        axes.set(xticks=[], yticks=[])
        axes.set_title(
            f"{track.length:.1f} long, {2 * track.half_width:.2f} wide",
            fontsize=8.5,
            fontweight="normal",
        )
    figure.suptitle(
        "Tracks of the evaluation (world units); the arrow is the start",
        x=0.012,
        y=1 - 0.08 / height,
        ha="left",
        va="top",
        fontsize=10,
        fontweight="bold",
    )
    return figure


def _single_track(track: Track) -> Figure:
    figure = new_figure(5.4, 5.2)
    axes = figure.add_axes((0.11, 0.1, 0.86, 0.83))
    draw_track(axes, track)
    axes.plot(
        *closed(track.centreline).T, color=VERMILION, label=f"centreline, {track.samples} samples"
    )
    _draw_start(axes, track)
    axes.set(
        title=f"The track: {track.length:.1f} long, {2 * track.half_width:.1f} wide",
        xlabel="x (world units)",
        ylabel="y (world units)",
    )
    axes.legend(loc="center")
    return figure


def _draw_start(axes: Axes, track: Track) -> None:
    x, y = track.centreline[0]
    axes.annotate(
        "",
        (x + 2.2 * np.cos(track.heading), y + 2.2 * np.sin(track.heading)),
        (x, y),
        arrowprops={"arrowstyle": "-|>", "color": BLUE, "linewidth": 2, "shrinkA": 0, "shrinkB": 0},
    )
    axes.plot(x, y, "o", color=BLUE, markersize=7, label="start and heading")
