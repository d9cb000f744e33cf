"""evolution_curve.png: the returns of C, generation by generation."""

from __future__ import annotations

import numpy as np

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import (
    CONTROLLER,
    DREAM,
    ENVIRONMENT,
    GREY,
    INK,
    WIDTH,
    Curve,
    new_figure,
)


def draw_fitness(axes: Axes, curve: Curve) -> list[LineLabel]:
    """Draw the better half of every generation, the selected C and the random policy.

    The colour is that of where returns come from: the environment, or dreams.

    Returns:
        The names of the lines.
    """
    dreaming = in_dreams(curve)
    colour, where = (DREAM, " (in dreams)") if dreaming else (ENVIRONMENT, "")
    generation, best, median = (curve[name] for name in ("generation", "best", "median"))
    incumbent, validation, baseline = (
        curve[name] for name in ("incumbent", "validation", "baseline")
    )
    axes.fill_between(generation, median, best, color=colour, alpha=0.2, linewidth=0)
    axes.plot(generation, best, color=colour)
    axes.plot(generation, median, color=colour, linewidth=1)
    axes.axhline(baseline[0], color=GREY, linestyle=":")
    axes.plot(generation, validation, color=CONTROLLER, linestyle="--", drawstyle="steps-post")
    chosen = int((incumbent == incumbent[-1]).argmax())
    axes.plot(
        *(generation[chosen], validation[chosen], "*"),
        color=CONTROLLER,
        markersize=13,
        markeredgecolor="white",
    )
    axes.set(xlabel="generation", ylabel="return of an episode")
    axes.margins(x=0.01)
    of_c = f"C, from generation {generation[chosen]:.0f},\n"
    where_tried = "in the environment" if dreaming else "in validation"
    labels = [
        LineLabel(best[-1], f"best candidate{where}", colour),
        LineLabel((best[-1] + median[-1]) / 2, "better half of them", colour),
        LineLabel(median[-1], "median candidate", colour),
        LineLabel(validation[-1], f"{of_c}{where_tried}: {validation[-1]:+.1f}", CONTROLLER),
        LineLabel(baseline[0], f"random policy: {baseline[0]:+.1f}", GREY),
    ]
    if dreaming:
        axes.plot(generation, incumbent, color=colour, linestyle="--", drawstyle="steps-post")
        in_words = f"the same C, in dreams:\n{incumbent[-1]:+.1f}"
        labels.append(LineLabel(incumbent[-1], in_words, colour))
    return labels


def in_dreams(curve: Curve) -> bool:
    """Whether the incumbent's returns are those in dreams."""
    return not np.array_equal(curve["validation"], curve["incumbent"])


def final_return(curve: Curve) -> str:
    """The return of the selected C, and of the random policy, in words."""
    validation, baseline = curve["validation"][-1], curve["baseline"][0]
    dreams = f" (in its dreams {curve['incumbent'][-1]:+.1f})" if in_dreams(curve) else ""
    return f"C returns {validation:+.1f}{dreams}, the random policy {baseline:+.1f}"


def evolution_figure(curve: Curve) -> Figure:
    """Returns by generation, with the selected candidate; below, the step size."""
    figure = new_figure(WIDTH, 4.6)
    top, bottom = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [3.4, 1], "hspace": 0.1}
    )
    figure.subplots_adjust(left=0.1, right=0.77, top=0.93, bottom=0.1)
    labels = draw_fitness(top, curve)
    top.set(title=final_return(curve), xlabel="")
    label_lines(top, labels)
    sigma = curve["sigma"]
    bottom.plot(curve["generation"], sigma, color=INK)
    bottom.set(xlabel="generation", ylabel="step size", ylim=(0, 1.15 * sigma.max() or 1))
    label_lines(bottom, [LineLabel(sigma[-1], f"at the end: {sigma[-1]:.2g}", INK)])
    return figure
