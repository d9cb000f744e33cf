"""coverage.png: the speeds and distances from the centreline that each policy visits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Figure, LogNorm
from worldmodels.figures.common.style import INK, VERMILION, new_figure

MAX_OFFSET = 2.0  # half-widths from the centreline, where an episode ends
FAST = 1.2  # world units / step
BINS = 32


class StateVisits(NamedTuple):
    """The states that a policy visits; one entry a frame."""

    speed: NDArray[np.float64]  # world units / step
    offset: NDArray[np.float64]  # distance from the centreline, half-widths of the road


def coverage_figure(policies: Mapping[str, StateVisits]) -> Figure:
    """State visitation, a panel a policy: the share of its frames in each cell, logarithmic."""
    width = 2.9 * len(policies) + 1.3
    figure = new_figure(width, 3.3)
    fastest = max(float(visits.speed.max(initial=FAST)) for visits in policies.values())
    reach = ((0, MAX_OFFSET), (0, fastest))
    first = None
    for number, (name, visits) in enumerate(policies.items()):
        left = (0.65 + 2.9 * number) / width
        axes = figure.add_axes((left, 0.16, 2.6 / width, 0.66), sharex=first, sharey=first)
        counts, x, y = np.histogram2d(visits.offset, visits.speed, BINS, reach)
        share = np.ma.masked_equal(counts.T / max(1, len(visits.speed)), 0)
        mesh = axes.pcolormesh(x, y, share, cmap="viridis", norm=LogNorm(1e-5, 1e-1))
        axes.axvline(1, color=VERMILION, linewidth=1.2, linestyle="--")
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
        if not number:
            place = axes.get_xaxis_transform()  # y as a share of the panel
            label = axes.text(1.05, 0.97, "edge of\nthe road", transform=place, va="top", bbox=box)
            label.set(color=INK, fontsize=8)
        axes.set_title(name, pad=17)
        fast = (visits.speed > FAST).mean()
        subtitle = f"{len(visits.speed):,} frames, {fast:.0%} faster than {FAST}"
        axes.text(0, 1.03, subtitle, transform=axes.transAxes, fontsize=8.5)
        axes.set(xlabel="distance from the centreline (half-widths)")
        axes.grid(visible=False)
        if number:
            axes.tick_params(labelleft=False)
        else:
            first = axes
            axes.set(ylabel="speed (world units / step)")
    bar = figure.add_axes((1 - 0.6 / width, 0.16, 0.12 / width, 0.66))
    figure.colorbar(mesh, cax=bar)
    bar.set_title("share", fontsize=8, fontweight="normal")
    return figure
