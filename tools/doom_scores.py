"""Scores of Doom's agents and of what they are compared with, as far as their reports are in git.

They are means over test games, in tics alive, with their standard error, of several training seeds
that over seeds and games.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from tools.markdown_table import markdown_table
from tools.training_seed import seed_folders
from worldmodels.figures.common.paper_doom import PAPER_STDERR, PAPER_STUDY, PAPER_TICS
from worldmodels.figures.common.score_by_cost import mean_over_seeds
from worldmodels.figures.common.style import Curve
from worldmodels.figures.doom.tics_alive import Score
from worldmodels.pipeline.reports import curve_path, metrics_path, read_curve, read_numbers

Reader = Callable[[Path], Score | None]  # of the reports of a training seed; None without one
COLUMNS = (  # of the table of temperatures, behind these
    *("tics alive in dreams", "in games", "worst and best seed", "standing still, in dreams"),
    *("pictures with fire: dreams, games", "the paper: in dreams", "in games"),
)
HALF = 0.5  # of the best score: does C from the coldest dreams live less than that?
OTHERS = {
    "the paper's C, which only dreamt": Score(PAPER_TICS, PAPER_STDERR),
    # 210 with a standard deviation of 108 over 100
    "the paper's random policy": Score(210, 10.8),
    # https://github.com/Sha01in/world-models-jax: 840 with a standard deviation of 525 over 100
    "a public reproduction with models of its own": Score(840, 52.5),
}


def control(name: str) -> Reader:
    """Reads the score of a policy in the report of the controls."""

    def read(folder: Path) -> Score:
        path = metrics_path(folder / "reports", "evaluate_controls")
        names = [f"{name}_return", f"{name}_stderr"]
        return Score(*read_numbers(path, "evaluate_controls", names))

    return read


def finetuned(folder: Path) -> Score | None:
    """The score of the C that was trained on in the game, if there is one."""
    path = metrics_path(folder / "finetuned/reports", "evaluate")
    if not path.exists():
        return None
    return Score(*read_numbers(path, "evaluate", ["mean_return", "stderr"]))


POLICIES: Mapping[str, Reader] = {
    "C, which only dreamt": control("controller"),
    "its own actions, in other games": control("own_actions"),
    "to and fro with closed eyes": control("sweep"),
    "random, as the paper's data": control("random"),
    "left, always": control("left"),
    "still": control("still"),
    "C, trained on in the game": finetuned,
}


def by_policy(project: Path) -> str:
    """The table of policies: a column for each training seed, and their mean; empty without any."""
    folders = seed_folders(project)
    ready = {
        seed: folder
        for seed, folder in sorted(folders.items())
        if metrics_path(folder / "reports", "evaluate_controls").exists()
    }
    if not ready:
        return ""
    rows = [["tics alive", *(f"seed {seed}" for seed in ready), "mean over seeds"]]
    for name, read in POLICIES.items():
        scores = [read(folder) for folder in ready.values()]
        known = [score for score in scores if score]
        if known:
            cells = [_text(score) if score else "" for score in scores]
            seeds = f"{len(known)} seed{'s' if len(known) > 1 else ''}"
            count = f" ({seeds})" if len(known) < len(scores) else ""
            rows.append([name, *cells, f"**{_text(mean(known))}**{count}"])
    rows += [[name, *[""] * len(ready), _text(score)] for name, score in OTHERS.items()]
    return markdown_table(rows)


def temperature_study(project: Path) -> Curve | None:
    """The columns of the study's curve, if it has been run."""
    path = curve_path(project / "reports", "temperature_study")
    return read_curve(path, "temperature_study") if path.exists() else None


def by_temperature(project: Path) -> str:
    """The table of temperatures; empty if the study has not been run."""
    study = temperature_study(project)
    if study is None:
        return ""
    rows = [["temperature of the dreams", *COLUMNS]]
    for row, temperature in enumerate(study["temperature"]):
        dreams, games = map(_text, _scores(study, row))
        ends = f"{study['env_return_min'][row]:,.0f}, {study['env_return_max'][row]:,.0f}"
        still = f"{study['still_return'][row]:,.0f}"
        fire = (f"{100 * study[name][row]:.0f} %" for name in ("fire_share", "env_fire_share"))
        paper = np.flatnonzero(PAPER_STUDY["temperature"] == temperature)
        theirs = map(_text, _scores(PAPER_STUDY, int(paper[0]))) if len(paper) else ("", "")
        rows.append([f"{temperature:g}", dreams, games, ends, still, ", ".join(fire), *theirs])
    return markdown_table(rows)


def coldest_beside_best(project: Path) -> str:
    """Sentences: what share of the best score in games a C of the coldest dreams has; empty if the
    study has not been run.
    """
    study = temperature_study(project)
    if study is None:
        return ""
    tau, games = study["temperature"], study["env_return"]
    best, share = int(games.argmax()), _share(study, 0)
    sentences = [f"C lives longest in games after dreams of {tau[best]:g}."]
    if best:
        compared = "less" if share < HALF else "more"
        sentences.append(
            f"C from dreams of {tau[0]:g}, the coldest, lives {100 * share:.0f} % as long in "
            f"games, {compared} than half."
        )
    row = int((tau == PAPER_STUDY["temperature"][0]).argmax())
    ours, theirs = (f"{100 * _share(*each):.0f} %" for each in ((study, row), (PAPER_STUDY, 0)))
    lives = "is the best" if row == best else f"lives {ours} as long as the best"
    sentences.append(
        f"C from dreams of {tau[row]:g}, the paper's coldest, {lives}; in the paper it lives "
        f"{theirs} as long as the best."
    )
    return f"{' '.join(sentences)}\n"


def _scores(study: Curve, row: int) -> tuple[Score, Score]:
    """In dreams, and in games."""
    dreams, games = (
        Score(study[name][row], study[f"{name}_stderr"][row])
        for name in ("dream_return", "env_return")
    )
    return dreams, games


def _share(study: Curve, row: int) -> float:
    """Of the best score in games."""
    return float(study["env_return"][row] / study["env_return"].max())


def mean(scores: Sequence[Score]) -> Score:
    """The mean over training seeds, and its standard error over seeds and games."""
    means, stderrs = zip(*scores, strict=True)
    return Score(*mean_over_seeds(means, stderrs))


def _text(score: Score) -> str:
    return f"{score.mean:,.0f} ± {score.stderr:.0f}"
