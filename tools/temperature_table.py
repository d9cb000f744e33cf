"""The stage that lists what Cs return by the temperature of the dreams that they learn in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.round_plots import RETURN
from tools.stage_copies import Stage, copy_stage, not_cached

STUDY = "temperature_study"
STUDY_CURVE = f"reports/curves/{STUDY}.csv"


def temperature_table(
    cells: Sequence[str], reporters: Sequence[str], environment: str, title: str, options: str = ""
) -> Stage:
    """The stage `temperature_study`: returns in dreams and in the environment, by temperature.

    Args:
        cells: the folders of Cs.
        reporters: the stages whose metrics and details it reads.
        environment: its name in the description.
        title: of the plot of returns in the environment.
        options: of the command.
    """
    stage: Stage = {
        "desc": f"List returns in dreams and in the {environment} by temperature",
        "cmd": f"python -m stages.{STUDY} {' '.join(cells)}",
        "deps": [
            f"{cell}/reports/{kind}/{reporter}.json"
            for cell in cells
            for reporter in reporters
            for kind in ("metrics", "details")
        ],
        "outs": [f"reports/details/{STUDY}.json"],
        "metrics": not_cached(f"reports/metrics/{STUDY}.json"),
        "plots": [{STUDY_CURVE: {"cache": False, **by_temperature(title, "env_return")}}],
    }
    return copy_stage(STUDY, stage, lambda path: path, options)


def by_temperature(title: str, y: Any) -> dict[str, Any]:
    """How DVC draws columns of the table; `y` names them."""
    return {
        "template": "log_x",
        "title": title,
        "x": "temperature",
        "x_label": "temperature of the dreams",
        "y": y,
        "y_label": RETURN,
    }
