"""temperature.png: tics alive in real games by the dreams' temperature, beside the paper's."""

from __future__ import annotations

import numpy as np

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.paper_doom import PAPER_STUDY
from worldmodels.figures.common.score_by_cost import draw_heading, draw_label, printed_number
from worldmodels.figures.common.style import GREY, PAPER, PROJECT, WIDTH, Curve, new_figure


def temperature_figure(study: Curve) -> Figure:
    """Means over seeds by temperature, in a band from the lowest seed to the highest.

    Args:
        study: the columns of the curve of stage temperature_study, of rising temperatures.
    """
    tau, ours = study["temperature"], study["env_return"]
    best = int(ours.argmax())
    finding = f"C from dreams of temperature {tau[0]:g} lives {printed_number(ours[0])} tics"
    if best:
        finding += f"; from those of {tau[best]:g}, {printed_number(ours[best])}"
    figure = new_figure(WIDTH, 4.2)
    draw_heading(
        figure,
        finding,
        "Take Cover, mean tics alive in real games. The band reaches from this project's lowest "
        "training seed to its highest.",
    )
    axes = figure.add_axes((0.07, 0.12, 0.72, 0.7))
    low, high = study["env_return_min"], study["env_return_max"]
    axes.fill_between(tau, low, high, color=PROJECT, alpha=0.18, linewidth=0)
    labels = [
        _draw_study(axes, study, PAPER_STUDY, "this project", PROJECT, "-"),
        _draw_study(axes, PAPER_STUDY, study, "the paper", PAPER, "--"),
    ]
    for curve, whose in ((study, "random policy"), (PAPER_STUDY, "the paper's random")):
        baseline = float(curve["baseline"][0])
        axes.axhline(baseline, color=GREY, linestyle=":" if curve is study else "--", linewidth=0.9)
        labels.append(LineLabel(baseline, f"{whose}: {baseline:.0f}", GREY))
    axes.margins(x=0.05)
    axes.set(ylim=(0, 1.12 * max(high.max(), PAPER_STUDY["env_return"].max())))
    axes.set(xlabel="temperature of the dreams")
    axes.set_xticks(sorted({*tau, *PAPER_STUDY["temperature"]}))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_major_formatter("{x:g}")
    label_lines(axes, labels)
    return figure


def _draw_study(
    axes: Axes, study: Curve, other: Curve, whose: str, colour: str, line: str
) -> LineLabel:
    """Draw scores by temperature, with the numbers of the lowest temperature and of the best, which
    stand on the side where the other study is not.

    Returns:
        The name of the line.
    """
    tau, tics = study["temperature"], study["env_return"]
    axes.plot(tau, tics, line, color=colour, marker="o", markersize=4.5)
    for row in {0, int(tics.argmax())}:
        higher = tics[row] >= np.interp(tau[row], other["temperature"], other["env_return"])
        up = 8 if higher else -16
        draw_label(
            *(axes, (tau[row], tics[row]), printed_number(tics[row]), (0, up)),
            *(colour, "center", "bold"),
        )
    return LineLabel(tics[-1], f"{whose}: {printed_number(tics[-1])}", colour)
