"""Small Ms with random weights, and random sequences for them."""

import numpy as np

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.registry import LSTMS, MEMORIES, make_memory
from worldmodels.memory.sequences import PackedSequences

Z, A, H = 3, 2, 4
EVERY_MEMORY = [  # kind, predict_reward_done, head_hidden, predict_change
    (kind, predict_reward_done, head_hidden, predict_change)
    for kind in LSTMS
    for predict_reward_done, head_hidden, predict_change in (
        *((False, 0, False), (False, 6, False), (True, 0, False), (True, 6, False)),
        *((False, 0, True), (True, 6, True)),
    )
] + [("conv_lstm", *rest) for rest in ((False, 6, False), (True, 6, False), (True, 6, True))]


def memory_id(param: tuple[str, bool, int, bool]) -> str:
    kind, predict_reward_done, head_hidden, predict_change = param
    parts = {"reward_done": predict_reward_done, "head": head_hidden, "change": predict_change}
    return "-".join([kind, *(name for name, there in parts.items() if there)])


def random_memory(
    kind: str = "lstm",
    predict_reward_done: bool = False,
    head_hidden: int = 0,
    predict_change: bool = False,
    *,
    rng: np.random.Generator,
) -> RecurrentMemory:
    """An M in float64 with random biases; mixtures have two components, conv_lstm Z columns."""
    initial = make_memory(
        kind,
        Z,
        A,
        np.random.default_rng(0),
        hidden=H,
        head_hidden=head_hidden,
        num_mixtures=2,
        min_std=0.1,
        predict_change=predict_change,
        predict_reward_done=predict_reward_done,
        columns=Z,
    )
    memory = MEMORIES[kind](initial.arrays(), np.float64)
    memory.parameters.flat += 0.1 * rng.standard_normal(memory.parameters.flat.size)
    return memory


def random_sequences(steps: int, count: int, rng: np.random.Generator) -> PackedSequences:
    """Packed sequences of `steps` down to 2 steps, each terminated at its end."""
    lengths = np.linspace(steps, 2, count).astype(int)
    has_step = np.arange(steps)[:, None] < lengths
    dones = (np.arange(steps)[:, None] == lengths - 1)[has_step].astype(np.float64)
    z, actions, z_next = (rng.standard_normal((len(dones), size)) for size in (Z, A, Z))
    return PackedSequences(
        z, actions, z_next, rng.standard_normal(len(dones)), dones, has_step.sum(axis=1)
    )


def single_sequence(batch: PackedSequences, number: int) -> PackedSequences:
    """One sequence of a batch."""
    first = np.cumsum(batch.batch_sizes) - batch.batch_sizes
    rows = (first + number)[batch.batch_sizes > number]
    columns = (column[rows] for column in batch[:5])
    own = None if batch.own is None else batch.own[rows]
    return PackedSequences(*columns, np.ones(len(rows), int), own)
