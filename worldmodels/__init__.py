"""World models in NumPy: V, M and C, their environments, and the pipeline that trains them.

The public names are `load`, which returns a trained agent, or raises a `UserError`, and
`worldmodels.gym`, which registers environments with Gymnasium. Everything else is inner, and may
change.

    import worldmodels

    agent = worldmodels.load("carracing/released")
    action = agent.act(observation)  # of CarRacing-v3
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from worldmodels.pipeline import reproducible_environment  # noqa: F401  (before NumPy is imported)
from worldmodels.pipeline.errors import UserError

if TYPE_CHECKING:
    from worldmodels.pretrained.agent import PretrainedAgent

__all__ = ["UserError", "load"]


def load(folder: str | PathLike[str]) -> PretrainedAgent:
    """The trained agent in a folder.

    Example:
        >>> agent = load("carracing/released")
        >>> agent
        PretrainedAgent('carracing/released', environment='CarRacing-v3', version='1.1.0')

    Args:
        folder: of a released agent (agent.json, v.npz, m.npz, c.npz), or of a pipeline that has run
            (params.yaml and models/), `recipes/unseen` say.

    Raises:
        UserError: there is no agent in it, or a file of it is damaged; one sentence.
    """
    from worldmodels.pretrained.loading import load_folder

    return load_folder(folder)
