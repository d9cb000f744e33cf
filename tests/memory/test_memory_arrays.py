"""The arrays of M's files."""

import numpy as np
import pytest

from tests.support.memories import EVERY_MEMORY, memory_id, random_memory, random_sequences
from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.memory.registry import MEMORIES, kind_of

rng = np.random.default_rng(0)
every_memory = pytest.mark.parametrize("param", EVERY_MEMORY, ids=memory_id)


@every_memory
def test_arrays_give_back_the_same_memory(param):
    memory = random_memory(*param, rng=rng)
    restored = MEMORIES[memory.kind](memory.arrays(), np.float64)
    batch = random_sequences(5, 2, rng)
    assert restored.loss(batch) == memory.loss(batch)
    assert restored.predicts_reward_done == memory.predicts_reward_done


@every_memory
def test_the_kind_of_each_member_of_a_file_is_known_by_its_arrays(param):
    members = [random_memory(*param, rng=rng) for _ in range(2)]
    assert kind_of(members[0].arrays()) == members[0].kind
    restored = ENSEMBLES[Ensemble.KIND](Ensemble(members).arrays())
    assert [member.kind for member in restored.members] == [param[0]] * 2
    for before, after in zip(members, restored.members, strict=True):
        np.testing.assert_array_equal(after.parameters.flat, np.float32(before.parameters.flat))


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("lstm", {"lstm.input_weight": np.zeros((3, 16))}, "leaves no action"),
        ("lstm", {"z.weight": np.zeros((4, 6, 3))}, "'z.weight' must have 2 axes, found 3"),
        ("lstm", {"done.bias": np.zeros(())}, r"missing arrays \['done.weight', 'reward.bias'"),
        ("mdn_lstm", {"z.bias": np.zeros((5, 3))}, r"'z.bias' has shape \(5, 3\)"),
        ("mdn_lstm", {"z.weight": np.zeros((4, 18))}, "'z.weight' must have 3 axes, found 2"),
        ("mdn_lstm", {"z.bias": np.full((6, 3), np.nan)}, "'z.bias' must hold finite"),
        ("lstm", {"head.bias": np.zeros(5)}, r"missing arrays \['head.weight'\]"),
        (
            "lstm",
            {"head.weight": np.zeros((4, 5)), "head.bias": np.zeros(5)},
            r"has shape \(\d, \d\), which does not fit the others",
        ),
        ("mdn_lstm", {"z.weight": np.zeros((5, 6, 3))}, r"'z.weight' has shape \(5, 6, 3\)"),
        ("joint_mdn_lstm", {"logits.bias": np.zeros(3)}, r"'logits.bias' has shape \(3,\)"),
        ("mdn_lstm", {"min_std": np.array(0.0)}, "'min_std' .* above 0, found 0"),
        ("mdn_lstm", {"min_std": np.array("x")}, "'min_std' .* above 0, found x"),
    ],
)
def test_arrays_of_another_model_are_refused(kind, changes, words):
    with pytest.raises(ValueError, match=words):
        MEMORIES[kind](random_memory(kind, rng=rng).arrays() | changes)


def test_a_mixture_without_min_std_is_refused():
    arrays = random_memory("mdn_lstm", rng=rng).arrays()
    del arrays["min_std"]
    with pytest.raises(ValueError, match="'min_std' must be one number above 0"):
        MDNLSTM(arrays)
