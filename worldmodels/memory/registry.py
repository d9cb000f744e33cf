"""The kinds of M by the names in params.yaml and in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from worldmodels.memory.conv_lstm_memory import ConvLSTMMemory
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.joint_mdn_lstm import JointMDNLSTM
from worldmodels.memory.lstm_memory import LSTMMemory
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.nn.parameters import Array

LSTMS: dict[str, type[LSTMMemory]] = {
    memory.kind: memory for memory in (DeterministicLSTM, MDNLSTM, JointMDNLSTM)
}
# Constructors that take a file's arrays, and raise ValueError if they are not of this kind.
MEMORIES: dict[str, Callable[..., RecurrentMemory]] = {
    **LSTMS,
    ConvLSTMMemory.kind: ConvLSTMMemory,
}


def kind_of(arrays: Mapping[str, Array]) -> str:
    """The kind of the M that has these arrays."""
    if "columns" in arrays:
        return ConvLSTMMemory.kind
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
    columns: int = 1,
    action_threshold: float = 0.0,
    reward_range: tuple[float, float] = (0.0, 1.0),
) -> RecurrentMemory:
    """An untrained M of a kind in MEMORIES.

    For the arguments see `LSTMMemory.initial`, and for the last three `ConvLSTMMemory`; the other
    kinds do not have them, nor that one `num_mixtures`.

    Raises:
        ValueError: z cannot be split into so many columns.
    """
    if kind == ConvLSTMMemory.kind:
        return ConvLSTMMemory.initial(
            z_size,
            action_size,
            hidden,
            rng,
            columns=columns,
            head_hidden=head_hidden,
            min_std=min_std,
            predict_change=predict_change,
            predict_reward_done=predict_reward_done,
            action_threshold=action_threshold,
            reward_range=reward_range,
        )
    return LSTMS[kind].initial(
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
