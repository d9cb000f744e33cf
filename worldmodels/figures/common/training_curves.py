"""training_curves.png: the learning curves of V, M and C."""

from __future__ import annotations

from worldmodels.figures.common.evolution_curve import draw_fitness, final_return
from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure, LogLocator
from worldmodels.figures.common.style import GREY, MEMORY, VISION, WIDTH, Curve, new_figure


def training_figure(v: Curve, m: Curve, c: Curve) -> Figure:
    """The learning curve of each model, beside a baseline that learns nothing."""
    figure = new_figure(WIDTH, 6.6)
    axes = figure.subplots(3, 1)
    figure.subplots_adjust(left=0.1, right=0.77, top=0.955, bottom=0.07, hspace=0.5)
    _draw_losses(axes[0], v, "V", "the mean image", VISION)
    axes[0].set(ylabel="loss / pixel")
    _draw_losses(axes[1], m, "M", "persistence", MEMORY)
    axes[1].set(ylabel="loss / dimension of z")
    labels = draw_fitness(axes[2], c)
    axes[2].set(title=final_return(c))
    label_lines(axes[2], labels)
    return figure


def _draw_losses(axes: Axes, curve: Curve, module: str, baseline_name: str, colour: str) -> None:
    train, held_out, baseline = curve["train"], curve["held_out"], curve["baseline"][0]
    final = held_out[-1]
    compared = "does better" if final < baseline else "does worse"
    axes.set_title(
        f"{module} {compared} than {baseline_name}: a loss of {in_words(final)}, "
        f"not {in_words(baseline)}"
    )
    axes.plot(curve["epoch"], held_out, color=colour)
    axes.plot(curve["epoch"], train, color=colour, linestyle=(0, (1, 1)), linewidth=1.2)
    axes.axhline(baseline, color=GREY, linestyle=":")
    axes.margins(x=0.01)
    least, most = min(held_out.min(), baseline), held_out.max()
    if least > 0 and most > 10 * least:  # late progress is small beside the first
        axes.set(xlabel="epoch", yscale="log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
    else:
        negative = least < 0  # possible for the nats of a density
        axes.set(xlabel="epoch", ylim=(None if negative else 0, None))
    axes.set_ylim(axes.get_ylim())
    label_lines(
        axes,
        [
            LineLabel(final, f"held-out data: {in_words(final)}", colour),
            LineLabel(train[-1], f"training data (dotted):\n{in_words(train[-1])}", colour),
            LineLabel(baseline, f"{baseline_name}: {in_words(baseline)}", GREY),
        ],
    )


def in_words(loss: float) -> str:
    """The loss with two digits: a curve's is that of a sample of the data, so a third is chance."""
    return f"{float(f'{loss:.2g}'):g}"
