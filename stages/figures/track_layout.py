"""track_layout.png: the road, its centreline, and where a drive begins."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from stages.figures.style import BLUE, VERMILION, closed, draw_track, new_figure
from stages.worlds.track import Track


def track_layout(track: Track) -> Figure:
    """The raster that the camera looks at, the centreline, and the start with its heading."""
    figure = new_figure(5.4, 5.2)
    axes = figure.add_axes((0.11, 0.1, 0.86, 0.83))
    draw_track(axes, track)
    axes.plot(
        *closed(track.centreline).T, color=VERMILION, label=f"centreline, {track.samples} samples"
    )
    x, y = track.centreline[0]
    axes.annotate(
        "",
        (x + 2.2 * np.cos(track.heading), y + 2.2 * np.sin(track.heading)),
        (x, y),
        arrowprops={"arrowstyle": "-|>", "color": BLUE, "linewidth": 2, "shrinkA": 0, "shrinkB": 0},
    )
    axes.plot(x, y, "o", color=BLUE, markersize=7, label="start and heading")
    axes.set(
        title=f"The road: {track.length:.1f} long, {2 * track.half_width:.1f} wide",
        xlabel="x (world units)",
        ylabel="y (world units)",
    )
    axes.legend(loc="center")
    return figure
