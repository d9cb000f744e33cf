"""The kinds of M by the names that params.yaml and the files know them by."""

from __future__ import annotations

from stages.memory.lstm import DeterministicLSTM
from stages.memory.mdn_lstm import MDNLSTM
from stages.memory.recurrent import RecurrentMemory

MEMORIES: dict[str, type[RecurrentMemory]] = {
    kind.kind: kind for kind in (DeterministicLSTM, MDNLSTM)
}
