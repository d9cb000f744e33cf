"""The kinds of M by the names that params.yaml and the files know them by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.joint_mdn_lstm import JointMDNLSTM
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.nn.parameters import Array

MEMORIES: dict[str, type[RecurrentMemory]] = {
    kind.kind: kind for kind in (DeterministicLSTM, MDNLSTM, JointMDNLSTM)
}


def kind_of(arrays: Mapping[str, Array]) -> str:
    """Of an M, by what arrays it has."""
    if "min_std" not in arrays:
        return DeterministicLSTM.kind
    return (JointMDNLSTM if "choice.weight" in arrays else MDNLSTM).kind


def make_memory(
    kind: str,
    z_size: int,
    action_size: int,
    rng: np.random.Generator,
    *,
    hidden: int,
    head_features: int = 0,
    mixtures: int = 1,
    min_std: float = 0.01,
    predict_reward_done: bool = False,
) -> RecurrentMemory:
    """An untrained M of a kind in MEMORIES.

    Args:
        kind: a key of MEMORIES.
        z_size: latent dimensions.
        action_size: numbers of an action.
        rng: draws the weights.
        hidden: units of the LSTM.
        readout: units of a hidden layer between h and the output heads; 0 for none.
        mixtures: Gaussians of a mixture; of `mdn_lstm` and `joint_mdn_lstm`.
        min_std: least standard deviation of a Gaussian; likewise.
        predict_reward_done: whether there are heads for the reward and the end of the episode.
    """
    sizes = z_size, action_size, hidden
    if kind == DeterministicLSTM.kind:
        return DeterministicLSTM.initial(
            *sizes, rng, head_features=head_features, predict_reward_done=predict_reward_done
        )
    return (JointMDNLSTM if kind == JointMDNLSTM.kind else MDNLSTM).initial(
        *sizes,
        rng,
        mixtures=mixtures,
        min_std=min_std,
        head_features=head_features,
        predict_reward_done=predict_reward_done,
    )
