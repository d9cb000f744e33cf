"""The plots of carracing/dvc.yaml: columns, and titles that name the round or the ablation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tools.stage_copies import Stage

ABLATIONS = {"untrained": "C on z and an untrained h", "z": "C on z alone"}
RETURN = "return of an episode"
FINETUNE = {
    "title": "CarRacing: training return of C in fine-tuning",
    "x": "iteration",
    "x_label": "iteration",
    "y": "train_return",
    "y_label": RETURN,
}
ROUNDS = {
    "title": "CarRacing: validation return of C after each round",
    "x": "core_hours",
    "x_label": "core-hours from the start",
    "y": "validation",
    "y_label": RETURN,
}


def set_titles(stage: Stage, reports: str) -> None:
    """Name what the reports in a folder are of in the titles of a stage's plots, in place."""
    part = reports.removesuffix("reports").rstrip("/")
    part = re.sub("^rounds/", "round ", part)
    part = re.sub(r"^ablations/(\w+)$", lambda found: ABLATIONS.get(found[1], ""), part)
    name = f"CarRacing, {part}" if part else "CarRacing"
    for entry in stage.get("plots", []):
        for plot in entry.values():
            plot["title"] = f"{name}: {plot['title'].split(': ', 1)[1]}"


def plots_of_several_stages(rounds: Sequence[str]) -> list[Stage]:
    """M and C in each round, and the fine-tuning of C beside that of its ablations.

    Args:
        rounds: their folders.
    """

    def plot(title: str, x: str, y: Mapping[str, str], y_label: str) -> Stage:
        named = f"CarRacing: {title}"
        return {title: {"title": named, "x": x, "x_label": x, "y": dict(y), "y_label": y_label}}

    def curves(stage: str, column: str, folders: Sequence[str]) -> dict[str, str]:
        return {f"{folder}reports/curves/{stage}.csv": column for folder in folders}

    folders = [f"{folder}/" for folder in rounds]
    finetuned = ["", *(f"ablations/{kind}/" for kind in ABLATIONS)]
    return [
        plot(
            "held-out loss of M, round by round",
            "epoch",
            curves("train_m", "held_out", folders),
            "loss per dimension of z (nats)",
        ),
        plot(
            "mean return of the population, round by round",
            "generation",
            curves("evolve_c", "mean", folders),
            RETURN,
        ),
        plot(
            "training return of C in fine-tuning, and of the ablations",
            "iteration",
            curves("finetune_c", "train_return", finetuned),
            RETURN,
        ),
    ]
