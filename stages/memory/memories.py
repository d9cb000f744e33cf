"""The kinds of M by the names that params.yaml and the files know them by."""

from __future__ import annotations

from collections.abc import Mapping

from stages.memory.joint_mdn_lstm import JointMDNLSTM
from stages.memory.lstm import DeterministicLSTM
from stages.memory.mdn_lstm import MDNLSTM
from stages.memory.recurrent import RecurrentMemory
from stages.nn.parameters import Array

MEMORIES: dict[str, type[RecurrentMemory]] = {
    kind.kind: kind for kind in (DeterministicLSTM, MDNLSTM, JointMDNLSTM)
}


def kind_of(arrays: Mapping[str, Array]) -> str:
    """Of an M, by what arrays it has."""
    if "sigma_floor" not in arrays:
        return DeterministicLSTM.kind
    return (JointMDNLSTM if "choice.weight" in arrays else MDNLSTM).kind
