"""training_curves.png: V, M and C side by side."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from worldmodels.figures.common.style import BLUE, GREY, ORANGE, Curve, new_figure
from worldmodels.figures.racing.evolution_curve import draw_fitness


def training_curves(v: Curve, m: Curve, c: Curve) -> Figure:
    """Each module's learning curve next to what can be had without learning."""
    figure = new_figure(12, 4.1)
    axes = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.055, right=0.99, top=0.92, bottom=0.25, wspace=0.24)
    _draw_losses(axes[0], v, "mean picture")
    axes[0].set(title="V: reconstruction", ylabel="loss / pixel")
    _draw_losses(axes[1], m, "without M")
    axes[1].set(title="M: prediction of the next z", ylabel="loss / dimension of z")
    draw_fitness(axes[2], c)
    axes[2].set(title="C: evolution")
    for panel, columns in zip(axes, (3, 3, 2), strict=True):
        panel.legend(
            loc="upper center", bbox_to_anchor=(0.47, -0.15), ncols=columns, columnspacing=1.2
        )
    return figure


def _draw_losses(axes: Axes, curve: Curve, name: str) -> None:
    baseline = curve["baseline"][0]
    axes.plot(curve["epoch"], curve["train"], color=BLUE, label="training")
    axes.plot(curve["epoch"], curve["held_out"], color=ORANGE, linestyle="--", label="held out")
    axes.axhline(baseline, color=GREY, linestyle=":", label=f"{name}: {baseline:.3g}")
    least, most = min(curve["held_out"].min(), baseline), curve["held_out"].max()
    if least > 0 and most > 10 * least:  # what is learned late is small beside what is first
        axes.set(xlabel="epoch", yscale="log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
    else:
        nats_of_a_density = least < 0
        axes.set(xlabel="epoch", ylim=(None if nats_of_a_density else 0, None))
