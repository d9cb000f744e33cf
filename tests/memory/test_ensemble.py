"""Several Ms as one."""

import numpy as np
import pytest

from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.memory.mdn_lstm import MDNLSTM


def deterministic_member(seed, z_size=4):
    memory = DeterministicLSTM.initial(z_size, 2, 5, np.random.default_rng(seed))
    memory.calibrate(np.full(z_size, 0.3 + seed))
    return memory


def mixture_member(seed):
    return MDNLSTM.initial(4, 2, 5, np.random.default_rng(seed), head_hidden=6, num_mixtures=2)


@pytest.mark.parametrize("make_member", [deterministic_member, mixture_member])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_arrays_give_back_the_same_ensemble(make_member, count):
    before = Ensemble([make_member(seed) for seed in range(count)])
    after = ENSEMBLES[before.kind](before.arrays())
    assert len(after.members) == count
    for member, restored in zip(before.members, after.members, strict=True):
        np.testing.assert_array_equal(member.parameters.flat, restored.parameters.flat)
        np.testing.assert_array_equal(
            getattr(member, "residual", 0), getattr(restored, "residual", 0)
        )


def test_members_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="must be alike"):
        Ensemble([deterministic_member(0), deterministic_member(0, z_size=3)])


def test_arrays_of_a_missing_member_are_refused():
    with pytest.raises(ValueError, match="numbered from 0"):
        Ensemble.from_arrays({"1.lstm.bias": np.zeros(3)})
