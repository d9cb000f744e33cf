"""coverage.png: at which speeds and how far from the middle of the road each policy drives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Figure, LogNorm
from worldmodels.figures.common.style import INK, LABEL_SIZE, WIDTH, new_figure

MAX_OFFSET = 2.0  # half-widths from the centreline, where an episode ends
FAST = 1.2  # world units / step
BINS = 32
RARE = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)  # shares of frames


class StateVisits(NamedTuple):
    """The states that a policy visits; one entry a frame."""

    speed: NDArray[np.float64]  # world units / step
    offset: NDArray[np.float64]  # distance from the centreline, half-widths of the road


def unseen_share(counts: NDArray[np.float64], of_collected: NDArray[np.float64]) -> float:
    """The share of visits (BINS, BINS) in cells that the collected data never visit."""
    return float(counts[of_collected == 0].sum() / max(1, counts.sum()))


def finding(unseen: float) -> str:
    """What the share of C's visits in cells that the collected data never visit says, in words."""
    known = unseen < 0.5
    share = f"{100 * (1 - unseen if known else unseen):.0f} %"
    if 0 < unseen < 0.005:
        share = "More than 99 %"
    whose = "that collected frames have, too" if known else "that no collected frame has"
    return f"{share} of C's frames have a speed and a place {whose}"


def coverage_figure(policies: Mapping[str, StateVisits], collected: str, controller: str) -> Figure:
    """State visitation, a panel a policy: the share of its frames in each cell, logarithmic.

    Args:
        policies: by name.
        collected: the name of the policy whose data V and M learn from.
        controller: that of C.
    """
    height, wide, gap = 3.5, 1.92, 0.2
    figure = new_figure(WIDTH, height)
    fastest = max(float(visits.speed.max(initial=FAST)) for visits in policies.values())
    reach = ((0, MAX_OFFSET), (0, fastest))
    if len(policies) < 3:
        wide = 3.0
    counts = {
        name: np.histogram2d(visits.offset, visits.speed, BINS, reach)[0]
        for name, visits in policies.items()
    }
    for number, (name, visits) in enumerate(policies.items()):
        left = (0.55 + (wide + gap) * number) / WIDTH
        axes = figure.add_axes((left, 0.13, wide / WIDTH, 0.6))
        share = np.ma.masked_equal(counts[name].T / max(1, len(visits.speed)), 0)
        image = axes.imshow(
            share,
            cmap="viridis",
            norm=LogNorm(RARE[0], RARE[-1]),
            origin="lower",
            extent=(0, MAX_OFFSET, 0, fastest),
            aspect="auto",
            interpolation="nearest",
        )
        axes.axvline(1, color=INK, linewidth=1.2, linestyle="--")
        fast = (visits.speed > FAST).mean()
        subtitle = f"{len(visits.speed):,} frames\n{100 * fast:.0f} % faster than {FAST}"
        axes.set_title(name, pad=28)
        axes.text(0, 1.02, subtitle, transform=axes.transAxes, fontsize=LABEL_SIZE + 0.5)
        axes.set(xlabel="half-widths from the middle", xlim=(0, MAX_OFFSET), ylim=(0, fastest))
        axes.set_xticks([0, 1, MAX_OFFSET], ["0", "1", f"{MAX_OFFSET:g}"])
        axes.grid(visible=False)
        if number:
            axes.tick_params(labelleft=False)
        else:
            axes.set(ylabel="speed (world units / step)")
            axes.text(1.04, 0.06 * fastest, "edge of\nthe road", fontsize=LABEL_SIZE, va="bottom")
    bar = figure.add_axes((1 - 0.75 / WIDTH, 0.13, 0.11 / WIDTH, 0.6))
    figure.colorbar(image, cax=bar)
    bar.set_yticks(RARE, [f"{100 * share:g} %" for share in RARE])
    bar.minorticks_off()
    bar.set_title("share of\nframes", fontsize=LABEL_SIZE, fontweight="normal", pad=6)
    unseen = unseen_share(counts[controller], counts[collected])
    figure.text(0.012, 1 - 0.07 / height, finding(unseen), va="top", fontsize=10, fontweight="bold")
    below = "how often each policy is at a speed and at a distance from the middle of the road"
    figure.text(0.012, 1 - 0.28 / height, below, va="top")
    return figure
