import numpy as np
import pytest

from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.controller.pca import WhitenedPCA


def test_components_are_whitened_and_explain_the_most_variance():
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((6, 6)) * np.array([5, 3, 2, 1, 0.5, 0.1])[:, None]
    states = (rng.standard_normal((500, 6)) @ mixing + 7).astype(np.float32)
    pca = WhitenedPCA.fit(states, 3)
    components = pca.transform(states)
    np.testing.assert_allclose(components, (states - pca.mean_) @ pca.components_)
    np.testing.assert_allclose(components.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(np.cov(components.T, bias=True), np.eye(3), atol=1e-5)
    centred = states - states.mean(axis=0)
    projected = np.linalg.norm(centred @ np.linalg.qr(pca.components_)[0])
    values = np.linalg.svd(centred, compute_uv=False)
    assert projected == pytest.approx(np.linalg.norm(values[:3]), rel=1e-4)


def test_more_components_than_the_states_have_are_refused():
    states = np.random.default_rng(0).standard_normal((500, 6))
    with pytest.raises(ValueError, match="they vary in 6 directions, and 7 are asked for"):
        WhitenedPCA.fit(states, 7)
    with pytest.raises(ValueError, match="they vary in 0 directions"):
        WhitenedPCA.fit(np.ones((5, 3)), 1)


@pytest.mark.parametrize("hidden", [[], [5]])
def test_a_controller_on_components_equals_the_folded_one_on_h(hidden):
    rng = np.random.default_rng(1)
    z, h = (rng.standard_normal((4, size)).astype(np.float32) for size in (3, 8))
    pca = WhitenedPCA.fit(rng.standard_normal((50, 8)), 2)
    sizes = (3 + 2, *hidden, 2)
    genomes = rng.standard_normal((4, parameter_count(sizes)))
    on_components = Controllers.from_genomes(genomes, sizes)
    on_h = Controllers.from_genomes(genomes, sizes, pca)
    x = pca.transform(h).astype(np.float32)
    expected = on_components.act(np.hstack([z, x]))
    np.testing.assert_allclose(on_h.act(np.hstack([z, h])), expected, atol=1e-5)
