"""V, M and C as the stages before have left them, if they fit each other and the world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stages.artifacts import built
from stages.control.controller import ARRAYS, Controllers
from stages.errors import UserError
from stages.grounds import Grounds
from stages.memory.ensemble import ENSEMBLES, Ensemble
from stages.modules import controller_mismatch, mismatch
from stages.stage import Run
from stages.vision.visions import VISIONS, AnyVision


class Trained(NamedTuple):
    """What `Agent` is made of."""

    vision: AnyVision
    memory: Ensemble
    controllers: Controllers  # one


AGENT = ("v", "m", "c")  # what the files of one are called


def trained(run: Run, grounds: Grounds[Any], names: Sequence[str] = AGENT) -> Trained:
    """Those in the files of these names.

    Raises:
        UserError: a file is missing or damaged, or they do not fit.
    """
    return trained_in([run.paths[name] for name in names], grounds)


def trained_in(paths: Sequence[Path], grounds: Grounds[Any]) -> Trained:
    """Those in the files v, m and c.

    Raises:
        UserError: a file is missing or damaged, or they do not fit.
    """
    v, m, c = paths
    vision = built(v, "train_v", VISIONS)
    memory = built(m, "train_m", ENSEMBLES)
    controllers = built(c, "evolve_c", dict.fromkeys(ARRAYS, Controllers.from_arrays))
    problem = mismatch(
        vision, memory, math.prod(grounds.observation_shape), grounds.action_size
    ) or controller_mismatch(vision, memory, controllers.features, controllers.actions)
    if problem:
        read = ", ".join(map(str, paths))
        raise UserError(f"{read}: {problem}; run 'dvc repro'")
    return Trained(vision, memory, controllers)
