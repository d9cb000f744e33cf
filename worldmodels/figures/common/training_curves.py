"""training_curves.png: the learning curves of V, M and C."""

from __future__ import annotations

from worldmodels.figures.common.evolution_curve import draw_fitness, final_return
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure, LogLocator
from worldmodels.figures.common.style import BLUE, GREY, ORANGE, Curve, new_figure


def training_figure(v: Curve, m: Curve, c: Curve) -> Figure:
    """The learning curve of each model beside a baseline that learns nothing."""
    figure = new_figure(12, 4.1)
    axes = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.055, right=0.99, top=0.92, bottom=0.25, wspace=0.24)
    _draw_losses(axes[0], v, "V", "mean frame")
    axes[0].set(ylabel="loss / pixel")
    _draw_losses(axes[1], m, "M", "without M")
    axes[1].set(ylabel="loss / dimension of z")
    draw_fitness(axes[2], c)
    axes[2].set(title=final_return(c))
    for panel, columns in zip(axes, (3, 3, 2), strict=True):
        panel.legend(
            loc="upper center", bbox_to_anchor=(0.47, -0.15), ncols=columns, columnspacing=1.2
        )
    return figure


def _draw_losses(axes: Axes, curve: Curve, module: str, baseline_name: str) -> None:
    baseline, final = curve["baseline"][0], curve["held_out"][-1]
    beats = "beats" if final < baseline else "does not beat"
    axes.set_title(f"{module} {beats} its baseline: loss {final:.3g}")
    axes.plot(curve["epoch"], curve["train"], color=BLUE, label="training")
    axes.plot(curve["epoch"], curve["held_out"], color=ORANGE, linestyle="--", label="held out")
    axes.axhline(baseline, color=GREY, linestyle=":", label=f"{baseline_name}: {baseline:.3g}")
    least, most = min(curve["held_out"].min(), baseline), curve["held_out"].max()
    if least > 0 and most > 10 * least:  # late progress is small beside the first
        axes.set(xlabel="epoch", yscale="log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
    else:
        negative = least < 0  # possible for the nats of a density
        axes.set(xlabel="epoch", ylim=(None if negative else 0, None))
