"""open_loop_error.png: the error of M's open-loop rollouts, step by step, beside baselines."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.style import BLUE, GREEN, GREY, INK, VERMILION, new_figure

Errors = Mapping[str, NDArray[np.float64]]  # predictor -> (steps,)
LOOKS = {
    "dream": ("dream at temperature {temperature:g}", BLUE, "-"),
    "mean_rollout": ("dream without noise", GREEN, "--"),
    "persistence": ("persistence (z of the start)", VERMILION, "-."),
    "shuffled": ("z of another episode", GREY, ":"),
    "one_step": ("M, one step ahead", INK, (0, (1, 1))),
}


def open_loop_error_figure(errors: Errors, temperature: float, episodes: int) -> Figure:
    """A line a predictor: root mean square error of z by steps since the start.

    Args:
        errors: by the keys of LOOKS, as shares of the standard deviation of z; `shuffled` may be
            missing.
        temperature: of the dream.
        episodes: how many the errors are means of.
    """
    figure = new_figure(7.8, 4.2)
    axes = figure.add_axes((0.08, 0.12, 0.53, 0.8))
    for key, (name, colour, line) in LOOKS.items():
        if key in errors:
            error = errors[key]
            label = f"{name.format(temperature=temperature)}: {error[-1]:.2f}"
            steps = np.arange(1, len(error) + 1)
            axes.plot(steps, error, color=colour, linestyle=line, label=label)
    better = int((errors["dream"] < errors["persistence"]).sum())
    axes.set(
        title=f"A dream beats persistence at {better} of {len(errors['dream'])} steps "
        f"({episodes} episodes of C)",
        xlabel="steps since the start, with the actions of the episode",
        ylabel="error of z (RMSE / standard deviation)",
        xlim=(0, None),
        ylim=(0, None),
    )
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="after the last step")
    return figure
