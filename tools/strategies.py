"""What the page of the study strategies shows of CarRacing: the size of the paper's Cs."""

from __future__ import annotations

from collections.abc import Mapping

from worldmodels.controller.controller import parameter_count

NAME = "strategies"
Z, H, ACTIONS = 32, 256, 3  # of the paper's CarRacing
HIDDEN = 40  # units of the hidden layer that it tries C with, on z alone


def fields() -> Mapping[str, str]:
    """What the template may name of CarRacing."""
    linear, hidden = parameter_count([Z + H, ACTIONS]), parameter_count([Z, HIDDEN, ACTIONS])
    return {"paper_numbers": f"{linear:,} and {hidden:,} numbers"}
