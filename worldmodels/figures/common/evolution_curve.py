"""evolution_curve.png: the returns of C, generation by generation."""

from __future__ import annotations

import numpy as np

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    VERMILION,
    Curve,
    new_figure,
)


def draw_fitness(axes: Axes, curve: Curve) -> None:
    """Draw best, mean and median of every generation, and the random policy."""
    generation = curve["generation"]
    axes.plot(generation, curve["best"], color=BLUE, label="best of generation")
    axes.plot(generation, curve["mean"], color=ORANGE, label="population mean")
    axes.plot(generation, curve["median"], color=GREEN, linestyle="--", label="population median")
    axes.axhline(curve["baseline"][0], color=GREY, linestyle=":", label="random policy")
    axes.set(xlabel="generation", ylabel="episode return")


def in_dreams(curve: Curve) -> bool:
    """Whether the incumbent's returns are those in dreams."""
    return not np.array_equal(curve["validation"], curve["incumbent"])


def final_return(curve: Curve) -> str:
    """The return of the selected C in words."""
    return f"C returns {curve['incumbent'][-1]:+.1f}{' in dreams' if in_dreams(curve) else ''}"


def evolution_figure(curve: Curve) -> Figure:
    """Returns by generation, with the selected candidate; below, the step size."""
    dreaming = in_dreams(curve)
    figure = new_figure(7.2, 5.6)
    top, bottom = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [3.2, 1], "hspace": 0.12}
    )
    figure.subplots_adjust(left=0.1, right=0.98, top=0.94, bottom=0.215 if dreaming else 0.185)
    draw_fitness(top, curve)
    generation = curve["generation"]
    top.plot(
        generation,
        curve["distribution_mean"],
        color=VERMILION,
        linewidth=1,
        label="distribution mean",
    )
    incumbent, validation = curve["incumbent"], curve["validation"]
    chosen = (incumbent == incumbent[-1]).argmax()
    if dreaming:
        label = f"incumbent, in the environment: {validation[-1]:+.1f}"
        top.plot(generation, validation, color=INK, linestyle="--", linewidth=1, label=label)
    label = f"selected{' in dreams' if dreaming else ''}: {incumbent[-1]:+.1f}"
    top.plot(generation[chosen], incumbent[chosen], "*", color=INK, markersize=13, label=label)
    top.set(title=f"{final_return(curve)} (random policy: {curve['baseline'][0]:+.1f})")
    top.set(xlabel="")
    figure.legend(loc="lower center", ncols=3)
    bottom.plot(generation, curve["sigma"], color=INK)
    bottom.set(
        xlabel="generation", ylabel="step size $\\sigma$", ylim=(0, 1.15 * curve["sigma"].max())
    )
    return figure
