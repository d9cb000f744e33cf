"""The figures of what other stages have found, by name."""

from __future__ import annotations

from typing import NamedTuple

from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.style import Curve
from worldmodels.figures.doom.foretold import foretold_figure
from worldmodels.figures.doom.rounds import Rounds, rounds_figure
from worldmodels.figures.doom.tics_alive import Score, tics_alive_figure


class Results(NamedTuple):
    """What other stages have written."""

    percentiles: Curve  # of evaluate_controls
    scores: dict[str, Score]  # by policy, in test games
    games: int  # of C
    forecast: Curve  # of forecast_ends
    deaths: int  # that it was asked to foretell
    rounds: Rounds | None


def result_figures(results: Results) -> dict[str, Figure]:
    """A figure of each result that there is."""
    figures = {
        "tics_alive": tics_alive_figure(results.percentiles, results.scores, results.games),
        "foretold": foretold_figure(results.forecast, results.deaths),
    }
    if results.rounds:
        figures["rounds"] = rounds_figure(results.rounds, results.scores)
    return figures
