"""dreams.png: how long C lives in dreams of some temperatures and in games, and what both show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.score_by_cost import draw_heading, printed_number
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, WIDTH, new_figure

HEIGHT = 5.4  # inches
LEFT, WIDE, GAP = 0.085, 0.2, 0.03  # of a column, and between columns
CHART = 0.57, 0.24  # bottom and height of a chart
TOP, HIGH, BETWEEN = 0.45, 0.1, 0.01  # of the first picture; of each; between pictures
Array = NDArray[np.float64]
Pictures = NDArray[np.uint8]  # (n, H, W, 3)


class Scores(NamedTuple):
    """Of episodes of Cs: dreams, or games."""

    mean_return: float  # tics alive
    tics: Array  # (n,), alive, or as many percentiles of each C's
    fire_share: float  # of their pictures that show fire


class Temperature(NamedTuple):
    """Cs of several seeds that were trained in dreams of one temperature."""

    temperature: float
    dreams: Scores
    games: Scores
    pictures: Pictures  # of one dream


def dreams_figure(studied: Sequence[Temperature], game: Pictures, tics: Sequence[int]) -> Figure:
    """A column for each temperature, and one for games.

    Args:
        studied: three, from the coldest up.
        game: pictures of one game.
        tics: of the pictures, since the start.
    """
    figure = new_figure(WIDTH, HEIGHT)
    draw_heading(
        figure,
        finding(studied[0]),
        "Above: dreams and games of C that still go on. Below: what V shows of one dream of each, "
        "and of a game.",
    )
    starts = [LEFT + number * (WIDE + GAP) for number in range(len(studied) + 1)]
    most = max(each.tics.max() for one in studied for each in (one.dreams, one.games))
    for start, one in zip(starts, studied, strict=False):
        axes = figure.add_axes((start, CHART[0], WIDE, CHART[1]))
        _draw_survival(axes, one, most)
        axes.tick_params(labelleft=start == LEFT)
    axes = figure.add_axes((starts[-1] + 0.055, CHART[0], WIDE - 0.055, CHART[1]))
    _draw_shares(axes, studied)
    shown = [*((one.pictures, DREAM) for one in studied), (game, ENVIRONMENT)]
    for start, (pictures, colour) in zip(starts, shown, strict=True):
        for row, picture in enumerate(pictures):
            bottom = TOP - HIGH - row * (HIGH + BETWEEN)
            axes = figure.add_axes((start, bottom, WIDE, HIGH))
            _draw_picture(axes, picture, colour)
            if start == LEFT:
                axes.set_ylabel(f"{tics[row]} tics", rotation=0, ha="right", va="center")
    return figure


def finding(coldest: Temperature) -> str:
    """What the coldest dreams show, and how long C lives in them and in games."""
    dreams, games = coldest.dreams, coldest.games
    if dreams.fire_share < 0.05:
        words = "show no fire"
    else:
        words = "show little fire" if 2 * dreams.fire_share < games.fire_share else "show fire"
    return (
        f"Cold dreams {words}: at {coldest.temperature:g} C lives "
        f"{printed_number(dreams.mean_return)} tics in them, {printed_number(games.mean_return)} "
        "in games"
    )


def _draw_survival(axes: Axes, one: Temperature, most: float) -> None:
    """Draw the share of dreams, and of games, that go on at each tic."""
    axes.set_title(f"Temperature {one.temperature:g}")
    for row, (scores, name, colour, line) in enumerate(
        ((one.dreams, "dreams", DREAM, "--"), (one.games, "games", ENVIRONMENT, "-"))
    ):
        tics = np.sort(scores.tics)
        axes.step(tics, 100 * (1 - np.arange(len(tics)) / len(tics)), line, color=colour)
        words, place = f"{name}: {printed_number(scores.mean_return)}", (1, 0.93 - 0.15 * row)
        axes.text(*place, words, ha="right", color=colour, transform=axes.transAxes)
    axes.set(xlim=(0, most), ylim=(0, 102), xlabel="tics")
    axes.set_xticks(np.arange(0, most, 700))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_yticks(range(0, 101, 25), [f"{share} %" for share in range(0, 101, 25)])


def _draw_shares(axes: Axes, studied: Sequence[Temperature]) -> None:
    """Draw bars of the shares of pictures that show fire."""
    games = float(np.mean([one.games.fire_share for one in studied]))
    bars = [(f"{one.temperature:g}", one.dreams.fire_share, DREAM) for one in studied]
    bars.append(("games", games, ENVIRONMENT))
    names, shares, colours = zip(*bars, strict=True)
    place = np.arange(len(bars))[::-1]
    axes.set_title("Pictures with fire", x=-0.38)
    axes.barh(place, [100 * share for share in shares], 0.6, color=colours)
    for y, share, colour in zip(place, shares, colours, strict=True):
        axes.text(100 * share + 2, y, f"{100 * share:.0f} %", va="center", color=colour)
    axes.set_yticks(place, names)
    axes.set(xlim=(0, 125), xticks=[])
    axes.grid(visible=False)
    axes.tick_params(left=False)
    axes.spines[["left", "bottom"]].set_visible(False)


def _draw_picture(axes: Axes, picture: NDArray[np.uint8], colour: str) -> None:
    axes.imshow(picture, interpolation="nearest", aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour)
