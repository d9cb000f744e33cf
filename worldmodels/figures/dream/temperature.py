"""temperature.png: returns of C in dreams and in the environment, by the dreams' temperature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.paper_doom import PAPER_STUDY
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, GREY, INK, Curve
from worldmodels.figures.dream.layout import add_axes, titled_figure

HEIGHT = 390  # pixels
BOTTOM, HIGH = 48, 240  # of both panels, pixels
LOG_RATIO = 100  # of the highest temperature to the lowest, from which the axis is logarithmic
TICK_GAP = 23  # pixels from a labelled temperature to the next, at the least


def temperature_figure(study: Curve) -> Figure:
    """Returns by temperature, means over seeds; beside them the paper's study.

    Args:
        study: the columns of the curve of stage temperature_study, of rising temperatures.
    """
    figure = titled_figure(HEIGHT, _finding(study), _explanation(study))
    ours = add_axes(figure, 46, BOTTOM, 330, HIGH)
    theirs = add_axes(figure, 508, BOTTOM, 206, HIGH)
    _draw_study(ours, study, "road", "+.0f")
    ours.set_title("This project, racing: return", weight="normal")
    _draw_study(theirs, PAPER_STUDY, "VizDoom", ".0f")
    theirs.set_title("The paper, VizDoom: steps survived", weight="normal")
    return figure


def _finding(study: Curve) -> str:
    env, temperature = study["env_return"], study["temperature"]
    best = int(env.argmax())
    coldest = f"C from dreams of temperature {temperature[0]:g} returns {env[0]:+.0f} on the road"
    if best == 0:
        return f"{coldest}, the most of {len(env)} temperatures"
    return f"{coldest}; from those of {temperature[best]:g}, {env[best]:+.0f}"


def _explanation(study: Curve) -> str:
    dream, best = study["dream_return"], int(study["env_return"].argmax())
    beside = f" and {dream[best]:+.0f}" if best else ""
    return (
        f"In the dreams themselves it returns {dream[0]:+.0f}{beside}. Lines are means over "
        "training seeds; the band\nreaches from the lowest seed to the highest, on unseen roads."
    )


def _draw_study(axes: Axes, study: Curve, env_name: str, form: str) -> None:
    temperature, env = study["temperature"], study["env_return"]
    low, high = study["env_return_min"], study["env_return_max"]
    axes.fill_between(temperature, low, high, color=ENVIRONMENT, alpha=0.15, linewidth=0)
    lines = (
        ("dreams", study["dream_return"], DREAM, "--"),
        (env_name, env, ENVIRONMENT, "-"),
    )
    for _, values, colour, line in lines:
        axes.plot(temperature, values, line, color=colour, marker="o", markersize=4.5)
    baseline = float(study["baseline"][0])
    axes.axhline(baseline, color=GREY, linestyle=":")
    least, most = min(0.0, float(low.min())), float(max(high.max(), study["dream_return"].max()))
    axes.set_ylim(least - 0.05 * (most - least), most + 0.18 * (most - least))
    _set_temperatures(axes, temperature)
    for _, values, colour, _ in lines:
        _mark(axes, temperature[0], values[0], f"{values[0]:{form}}", colour)
    if best := int(env.argmax()):
        words = f"{env[best]:{form}} at {temperature[best]:g}"
        _mark(axes, temperature[best], env[best], words, ENVIRONMENT)
    labels = [
        LineLabel(values[-1], f"{name}: {values[-1]:{form}}", colour)
        for name, values, colour, _ in lines
    ]
    label_lines(axes, [*labels, LineLabel(baseline, f"random: {baseline:{form}}", INK)])


def _mark(axes: Axes, temperature: float, value: float, words: str, colour: str) -> None:
    """Write a score above its point."""
    axes.annotate(
        words,
        (temperature, value),
        (0, 10),
        textcoords="offset points",
        ha="center",
        color=colour,
        weight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
    )


def _set_temperatures(axes: Axes, temperature: NDArray[np.float64]) -> None:
    """Set the temperatures as ticks, with labels where there is room for one."""
    wide = temperature[-1] > LOG_RATIO * temperature[0]
    axes.set(xscale="log" if wide else "linear")
    axes.margins(x=0.12)
    axes.set(xlabel=f"temperature of the dreams{' (logarithmic)' if wide else ''}")
    low, _ = axes.get_ylim()
    places = axes.transData.transform([(tau, low) for tau in temperature])[:, 0]
    labels: list[str] = []
    taken = -np.inf
    for place, tau in zip(places, temperature, strict=True):
        room = place >= taken + TICK_GAP
        labels.append(f"{tau:g}" if room else "")
        taken = place if room else taken
    axes.set_xticks(temperature, labels)
    axes.minorticks_off()
