from itertools import pairwise

import numpy as np
import pytest

from worldmodels.controller.controller import Controllers, parameter_count


def test_parameter_counts_are_those_of_the_reference_stub_and_the_paper():
    assert parameter_count((16 + 32, 2)) == 98
    assert parameter_count((32 + 256, 3)) == 867
    assert parameter_count((32, 40, 3)) == 1443


@pytest.mark.parametrize("sizes", [(6, 2), (6, 4, 2)])
def test_every_row_has_the_action_of_its_own_controller(sizes):
    genomes = np.random.default_rng(0).standard_normal((5, parameter_count(sizes)))
    features = np.random.default_rng(1).standard_normal((5, 6)).astype(np.float32)
    controllers = Controllers.from_genomes(genomes, sizes)
    assert (controllers.features, controllers.actions) == (6, 2)
    for genome, x, action in zip(genomes, features, controllers.act(features), strict=True):
        for inputs, outputs in pairwise(sizes):
            weight, bias, genome = np.split(genome, [outputs * inputs, outputs * (inputs + 1)])
            x = np.tanh(weight.reshape(outputs, inputs) @ x + bias)
        np.testing.assert_allclose(action, x, atol=1e-6)


@pytest.mark.parametrize(("sizes", "kind"), [((6, 2), "linear"), ((6, 4, 2), "hidden")])
def test_arrays_give_back_the_same_controller(sizes, kind):
    genomes = np.random.default_rng(0).standard_normal((3, parameter_count(sizes)))
    controllers = Controllers.from_genomes(genomes, sizes)
    restored = Controllers.from_arrays(controllers.arrays(1))
    assert restored.kind == controllers.kind == kind
    for name, array in restored.arrays(0).items():
        np.testing.assert_array_equal(array, controllers.arrays(1)[name])


def test_genomes_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"have 14 parameters; found an array of \(3, 13\)"):
        Controllers.from_genomes(np.zeros((3, 13)), (6, 2))


def test_rows_are_selected_and_repeated():
    genomes = np.random.default_rng(0).standard_normal((3, parameter_count((6, 2))))
    controllers = Controllers.from_genomes(genomes, (6, 2))
    selected = controllers.rows(np.array([2, 0, 2]))
    assert len(selected) == 3
    np.testing.assert_array_equal(
        selected.layers[0].weight, controllers.layers[0].weight[[2, 0, 2]]
    )
    repeated = controllers.repeated(4)
    np.testing.assert_array_equal(repeated.layers[0].bias, controllers.layers[0].bias[[0] * 4])
