"""The kinds of M by the names in params.yaml and in files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.joint_mdn_lstm import JointMDNLSTM
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.nn.parameters import Array

MEMORIES: dict[str, type[RecurrentMemory]] = {
    memory.kind: memory for memory in (DeterministicLSTM, MDNLSTM, JointMDNLSTM)
}


def kind_of(arrays: Mapping[str, Array]) -> str:
    """The kind of the M that has these arrays."""
    if "min_std" not in arrays:
        return DeterministicLSTM.kind
    return (JointMDNLSTM if "logits.weight" in arrays else MDNLSTM).kind


def make_memory(
    kind: str,
    z_size: int,
    action_size: int,
    rng: np.random.Generator,
    *,
    hidden: int,
    head_hidden: int = 0,
    num_mixtures: int = 1,
    min_std: float = 0.01,
    predict_change: bool = False,
    predict_reward_done: bool = False,
) -> RecurrentMemory:
    """An untrained M of a kind in MEMORIES; for the arguments see `RecurrentMemory.initial`."""
    return MEMORIES[kind].initial(
        z_size,
        action_size,
        hidden,
        rng,
        head_hidden=head_hidden,
        num_mixtures=num_mixtures,
        min_std=min_std,
        predict_change=predict_change,
        predict_reward_done=predict_reward_done,
    )
