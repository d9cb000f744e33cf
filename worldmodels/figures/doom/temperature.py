"""temperature.png: tics alive in dreams and in games by their temperature, and the paper's."""

from __future__ import annotations

import numpy as np

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.paper_doom import PAPER_STUDY
from worldmodels.figures.common.score_by_cost import draw_heading, draw_label, printed_number
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, GREY, WIDTH, Curve, new_figure

LINES = (  # column, words at its line, colour, line
    ("dream_return", "dreams", DREAM, "--"),
    ("env_return", "games", ENVIRONMENT, "-"),
)


def temperature_figure(study: Curve) -> Figure:
    """Means over seeds by temperature, beside the paper's study.

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
        "Take Cover: mean tics alive in dreams of the temperature that C was trained at, and in "
        "games, ± standard error.",
    )
    left, right = (figure.add_axes((start, 0.12, 0.3, 0.67)) for start in (0.065, 0.565))
    high = 1.12 * max(study[name].max() for study in (study, PAPER_STUDY) for name, *_ in LINES)
    for axes, curve, title in (
        (left, study, "This project"),
        (right, PAPER_STUDY, "The paper"),
    ):
        axes.set_title(title)
        axes.set(ylim=(0, high), xlabel="temperature of the dreams")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        _draw_study(axes, curve)
    return figure


def _draw_study(axes: Axes, study: Curve) -> None:
    """Draw returns at evenly spaced temperatures, with the numbers of the coldest and the best."""
    place, labels = np.arange(len(study["temperature"])), []
    dream, env = (study[name] for name, *_ in LINES)
    axes.set_xlim(-0.3, place[-1] + 0.3)
    axes.set_xticks(place, [f"{tau:g}" for tau in study["temperature"]])
    for name, where, colour, line in LINES:
        tics, error = study[name], study.get(f"{name}_stderr")
        axes.errorbar(place, tics, error, fmt=f"o{line}", color=colour, markersize=4.5)
        for row in {0, int(env.argmax())}:
            # on the side where the other line is not, but not below the axis
            above = tics[row] >= max(dream[row], env[row]) or tics[row] < axes.get_ylim()[1] / 8
            point, offset = (float(place[row]), float(tics[row])), (0.0, 9.0 if above else -17.0)
            words = printed_number(tics[row])
            draw_label(axes, point, words, offset, colour, "center", "bold")
        labels.append(LineLabel(tics[-1], f"{where}: {printed_number(tics[-1])}", colour))
    random = float(study["baseline"][0])
    axes.axhline(random, color=GREY, linestyle=":", linewidth=0.9)
    label_lines(axes, [*labels, LineLabel(random, f"random: {random:.0f}", GREY)])
