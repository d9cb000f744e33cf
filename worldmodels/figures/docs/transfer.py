"""dream_transfer.svg: what a C from dreams returns in the environment, in three environments."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.paper_doom import PAPER_STUDY
from worldmodels.figures.common.style import DREAM, ENVIRONMENT, PAPER, Curve
from worldmodels.figures.docs.ablations import Score
from worldmodels.figures.docs.intervals import TITLE_WIDTH, Interval
from worldmodels.figures.docs.panels import NOT_RUN, SUBTITLE_LINE
from worldmodels.figures.docs.style import TITLE_LINE, docs_figure, docs_style

HEAD, PANEL_HEAD, SPAN, FOOT = 62, 30, 285, 44  # pixels: title; a panel's title; axes; axis
PANELS = {"racing": (0.148, 0.34), "doom": (0.555, 0.235), "carracing": (0.86, 0.13)}  # left, width


class Transfer(NamedTuple):
    """A C from dreams: what it returns in them, and in the environment."""

    temperature: str
    dream: float
    environment: Interval  # whose label is the setting's


def transfer_figure(
    title: str,
    subtitle: Sequence[str],
    racing: Sequence[Transfer],
    doom: Curve | None,
    carracing: Mapping[int, tuple[Score, Score]],
) -> Figure:
    """Returns in the environment by the dreams' temperature, beside those in dreams.

    Args:
        title: the finding.
        subtitle: what is shown, in lines.
        racing: by temperature and setting.
        doom: the columns of the curve of stage temperature_study; None if it has not been run.
        carracing: by training seed, C that has only dreamt and the same C, fine-tuned.
    """
    lines = textwrap.wrap(title, TITLE_WIDTH)
    head = HEAD + (len(lines) - 1) * TITLE_LINE + (len(subtitle) - 1) * SUBTITLE_LINE
    height = head + PANEL_HEAD + SPAN + FOOT
    with docs_style():
        figure = docs_figure(height, "\n".join(lines), "\n".join(subtitle))
        axes = {
            name: figure.add_axes((left, FOOT / height, width, SPAN / height))
            for name, (left, width) in PANELS.items()
        }
        for name, title_of in (
            ("racing", "Racing"),
            ("doom", "Doom: tics alive"),
            ("carracing", "CarRacing"),
        ):
            axes[name].set_title(title_of, size=10, loc="left", pad=6)
        _draw_racing(axes["racing"], racing)
        _draw_doom(axes["doom"], doom)
        _draw_carracing(axes["carracing"], carracing)
    return figure


def _draw_racing(axes: Axes, transfers: Sequence[Transfer]) -> None:
    """A row for each setting, below the temperature of its dreams."""
    y, ticks, temperature = 0.0, {}, ""
    words: dict[str, Any] = {"textcoords": "offset points"}
    for each in transfers:
        if each.temperature != temperature:
            temperature = each.temperature
            ticks[y + 0.5] = temperature
            y += 1
        road, middle = each.environment, y + 0.5
        axes.plot((road.low, road.high), (middle, middle), color=ENVIRONMENT, linewidth=1.4)
        axes.plot(road.value, middle, "o", color=ENVIRONMENT, markersize=6)
        axes.plot(each.dream, middle, "d", color=DREAM, markersize=6)
        if len(ticks) == 1:  # the first row
            sides = ("right", "left") if road.value < each.dream else ("left", "right")
            names = (("on the road", road.value, ENVIRONMENT), ("in dreams", each.dream, DREAM))
            for (name, x, colour), side in zip(names, sides, strict=True):
                axes.annotate(name, (x, y), (0, 2), color=colour, ha=side, **words)
        ticks[middle] = road.label
        y += 1
    axes.set_yticks([*ticks], [*ticks.values()])
    temperatures = {each.temperature for each in transfers}
    for text in axes.get_yticklabels():
        text.set_fontweight("bold" if text.get_text() in temperatures else "normal")
    axes.set(ylim=(y, 0), xlabel="return")
    axes.margins(x=0.25)  # room for the names beside the first row
    axes.tick_params(left=False)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False, axis="y")


def _draw_doom(axes: Axes, study: Curve | None) -> None:
    axes.set(xlabel="temperature of the dreams")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    paper: dict[str, Any] = {"color": PAPER, **_fill(PAPER, filled=False)}
    axes.plot(PAPER_STUDY["temperature"], PAPER_STUDY["env_return"], "--s", **paper)
    axes.annotate("the paper, in games", (0.45, 60), color=PAPER)
    if study is None:
        axes.text(0.05, 0.95, NOT_RUN, transform=axes.transAxes, va="top")
    else:
        x, tics, error = (study[n] for n in ("temperature", "env_return", "env_return_stderr"))
        how: dict[str, Any] = {"color": ENVIRONMENT, "capsize": 2.5, "elinewidth": 1.0}
        axes.errorbar(x, tics, yerr=2 * error, fmt="-o", markersize=5, linewidth=1.2, **how)
        axes.plot(x, study["dream_return"], ":d", color=DREAM, markersize=6, linewidth=1.0)
        words: dict[str, Any] = {"textcoords": "offset points"}
        axes.annotate("in games", (x[0], tics[0]), (8, -22), color=ENVIRONMENT, **words)
        axes.annotate("in dreams", (x[0], study["dream_return"][0]), (8, 6), color=DREAM, **words)
    axes.margins(y=0.14)
    axes.set_ylim(bottom=0)


def _draw_carracing(axes: Axes, seeds: Mapping[int, tuple[Score, Score]]) -> None:
    for number, (dreamt, finetuned) in enumerate(seeds.values()):
        for score, filled in ((dreamt, False), (finetuned, True)):
            y, reach = score.mean, 2 * score.stderr
            axes.plot((number, number), (y - reach, y + reach), color=ENVIRONMENT, linewidth=1.2)
            axes.plot(number, y, "o", color=ENVIRONMENT, **_fill(ENVIRONMENT, filled))
    lowest = min((dreamt.mean - 2 * dreamt.stderr for dreamt, _ in seeds.values()), default=0.0)
    axes.set_ylim(bottom=np.floor(lowest / 50) * 50)
    axes.set_xticks(range(len(seeds)), [f"{seed}" for seed in seeds])
    axes.set(xlim=(-0.5, len(seeds) - 0.5), xlabel="training seed")
    axes.grid(visible=False, axis="x")


def _fill(colour: str, filled: bool) -> dict[str, Any]:
    """Keywords of a marker."""
    return {"markersize": 6, "markerfacecolor": colour if filled else "none"}
