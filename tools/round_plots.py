"""The plots of projects in rounds: columns, and titles that name the project and the round."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tools.stage_copies import Stage

RETURN = "return of an episode"
TRAIN_C = {
    "title": "reference: mean return of the dreams that C is trained in",
    "x": "iteration",
    "x_label": "iteration",
    "y": "dream_return",
    "y_label": "return of a dream",
}
FINETUNE = {
    "title": "reference: training return of C in fine-tuning",
    "x": "iteration",
    "x_label": "iteration",
    "y": "train_return",
    "y_label": RETURN,
}

OF_C = {  # by the stage that makes it: title, x, column and its label
    "evolve_c": ("mean return of the population", "generation", "mean", RETURN),
    "train_c": (TRAIN_C["title"].split(": ")[1], "iteration", TRAIN_C["y"], TRAIN_C["y_label"]),
}


def set_titles(stage: Stage, project: str, reports: str, folder_names: Mapping[str, str]) -> None:
    """Name what the reports in a folder are of in the titles of a stage's plots, in place.

    Args:
        stage: a copy.
        project: its name.
        reports: the folder.
        folder_names: of the folders around it that are no round's.
    """
    folder = reports.removesuffix("reports").rstrip("/")
    part = folder_names.get(folder, re.sub("^rounds/", "round ", folder))
    name = f"{project}, {part}" if part else project
    for entry in stage.get("plots", []):
        for plot in entry.values():
            plot["title"] = f"{name}: {plot['title'].split(': ', 1)[1]}"


def plots_of_several_stages(
    project: str, rounds: Sequence[str], by: str = "evolve_c"
) -> list[Stage]:
    """M and C in each round.

    Args:
        project: its name.
        rounds: their folders.
        by: the stage that makes C, evolve_c or train_c.
    """
    title, x, column, label = OF_C[by]
    return [
        plot_of_files(
            f"{project}: held-out loss of M, round by round",
            "epoch",
            _curves("train_m", "held_out", rounds),
            "loss per dimension of z (nats)",
        ),
        plot_of_files(
            f"{project}: {title}, round by round",
            x,
            _curves(by, column, rounds),
            label,
        ),
    ]


def plot_of_files(title: str, x: str, y: Mapping[str, str], y_label: str) -> Stage:
    """A plot of columns of several files, named as its title is without the project."""
    name = title.split(": ", 1)[1]
    return {name: {"title": title, "x": x, "x_label": x, "y": dict(y), "y_label": y_label}}


def _curves(stage: str, column: str, folders: Sequence[str]) -> dict[str, str]:
    return {f"{folder}/reports/curves/{stage}.csv": column for folder in folders}
