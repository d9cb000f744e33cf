"""open_loop_error.png: how far dreams are from the recorded drive, step by step, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.line_labels import LineLabel, label_lines
from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, GREY, INK, MEMORY
from worldmodels.figures.dream.layout import add_axes, titled_figure

Steps = NDArray[np.float64]  # a number for each step, (steps,)
SHOWN = 40  # steps
HEIGHT = 540  # pixels
LOOKS = {  # by predictor: words at the end of its line, colour, line
    "dream": ("dream, the drive's actions", DREAM, "-"),
    "mean_rollout": ("the dream without noise", DREAM, ":"),
    "persistence": ("z of the start", INK, "-."),
    "shuffled": ("z of another drive", ENVIRONMENT, "-"),
    "closed_loop": ("dream in which C steers", DREAM, "--"),
    "one_step": ("M, one step ahead", MEMORY, "-"),
}


class DreamErrors(NamedTuple):
    """Dreams beside recorded drives of C from the same starts."""

    errors: Mapping[str, Steps]  # by the keys of LOOKS, of which `shuffled` may be missing
    ended: Mapping[str, Steps]  # the share of the dreams that M has ended by then
    view_left: int  # steps after which half of the cars are beyond what their first frame shows
    drives: int


def open_loop_error_figure(dreams: DreamErrors) -> Figure:
    """Root mean square errors of z by steps since the start; below, how many dreams have ended.

    Errors are shares of the standard deviation of z. Only the first steps are shown.
    """
    errors = {name: error[:SHOWN] for name, error in dreams.errors.items()}
    last = len(errors["dream"])
    figure = titled_figure(HEIGHT, _finding(errors), _explanation(errors, dreams.ended, last))
    top = add_axes(figure, 62, 166, 520, 274)
    bottom = add_axes(figure, 62, 46, 520, 80)
    labels: list[LineLabel] = []
    for name, (words, colour, line) in LOOKS.items():
        if name in errors:
            error = errors[name]
            top.plot(np.arange(1, len(error) + 1), error, line, color=colour)
            labels.append(LineLabel(error[-1], f"{words}: {error[-1]:.2f}", colour))
    what = f"Distance from the drive's z, in standard deviations ({dreams.drives} drives)"
    top.set_title(what, weight="normal")
    top.tick_params(labelbottom=False)
    _set_limits(top, last, max(error.max() for error in errors.values()))
    label_lines(top, labels)
    if dreams.view_left < last:
        for axes in (top, bottom):
            axes.axvline(dreams.view_left, color=GREY, linewidth=0.8)
        on_the_right = dreams.view_left < last / 2
        top.annotate(
            "the car is beyond its first view",
            (dreams.view_left, 0),
            (4 if on_the_right else -4, 6),
            textcoords="offset points",
            ha="left" if on_the_right else "right",
        )
    _draw_ended(bottom, dreams.ended, last)
    return figure


def _draw_ended(axes: Axes, ended: Mapping[str, Steps], last: int) -> None:
    labels: list[LineLabel] = []
    for name, shares in ended.items():
        words, colour, line = LOOKS[name]
        share = shares[:last]
        axes.plot(np.arange(1, len(share) + 1), share, line, color=colour, clip_on=False)
        labels.append(LineLabel(share[-1], f"{words}: {100 * share[-1]:.0f} %", colour))
    axes.set_title("Dreams that M has ended by then, as off the road", weight="normal")
    axes.set(xlabel="steps since the start")
    _set_limits(axes, last, 1.0)
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    label_lines(axes, labels)


def _set_limits(axes: Axes, last: int, high: float) -> None:
    axes.set(xlim=(0, last), ylim=(0, 1.08 * high))
    axes.axhline(0, color=GREY, linewidth=0.8)


def _finding(errors: Mapping[str, Steps]) -> str:
    """For how many steps a dream is nearer to the drive than another drive, or its start, is."""
    other, name = (
        (errors["shuffled"], "another drive")
        if "shuffled" in errors
        else (errors["persistence"], "its start")
    )
    nearer = errors["dream"] < other
    steps = len(nearer) if nearer.all() else int(nearer.argmin())
    if not steps:
        return f"From its first step on a dream is no nearer to the recorded drive than {name}"
    plural = "" if steps == 1 else "s"
    still = " and more" if nearer.all() else ""
    return f"For {steps} step{plural}{still} a dream is nearer to the recorded drive than {name} is"


def _explanation(errors: Mapping[str, Steps], ended: Mapping[str, Steps], last: int) -> str:
    """Why: without anyone who steers, the actions leave the dreamt road."""
    share, steered = ended["dream"][last - 1], errors["closed_loop"]
    ended_dreams = f"M has ended {100 * share:.0f} % of these dreams by step {last}"
    if share > 0.5:
        ended_dreams = f"the drive's actions lead off the dreamt road; {ended_dreams}"
    another = f", and another drive {errors['shuffled'][-1]:.1f}" if "shuffled" in errors else ""
    return (
        f"Nobody steers it: {ended_dreams}.\n"
        f"Where C steers, a dream is {steered[-1]:.1f} standard deviations away after "
        f"{len(steered)} steps{another}."
    )
