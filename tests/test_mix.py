"""mix: what a span of genomes is, and that several rounds' Cs are mixed as the stage says."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages import imitation
from stages.artifacts import Model, built
from stages.control.controller import ARRAYS, Controllers
from stages.control.span import Span
from stages.scratch import Scratch
from tests.two_rounds import run, run_both

REAL = ("evolve_c.world=real", "evolve_c.sigma=0.7", "evolve_c.checked_every=1")
KEPT = ("v.npz", "m.npz", "c.npz")


def drawn(count, size):
    return np.random.default_rng(0).normal(size=(count, size))


@given(
    arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(6, 9)), elements=st.floats(-9, 9)),
    st.integers(0, 99),
)
def test_points_of_a_span_are_mixtures_whose_parts_add_up_to_one(genomes, seed):
    span = Span.of(genomes)
    assert len(span.directions) < len(genomes)
    points = np.random.default_rng(seed).normal(size=(3, len(span.directions)))
    np.testing.assert_allclose(span.parts(points).sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(span.genomes(points), span.parts(points) @ genomes, atol=1e-9)
    middle = span.genomes(np.zeros((1, len(span.directions))))[0]
    np.testing.assert_allclose(middle, genomes.mean(axis=0), atol=1e-9)


def test_every_genome_is_in_their_span_and_steps_are_as_long_as_they_are_apart():
    genomes = drawn(4, 7) * np.arange(1, 8)
    span = Span.of(genomes)
    steps = span.genomes(np.eye(3)) - span.genomes(np.zeros((1, 3)))
    at = (genomes - genomes.mean(axis=0)) @ np.linalg.pinv(steps)
    np.testing.assert_allclose(span.genomes(at), genomes, atol=1e-9)
    np.testing.assert_allclose((at**2).mean(axis=0), 1)  # standard deviations
    lengths = np.linalg.norm(steps, axis=1)
    assert (np.diff(lengths) < 0).all()
    np.testing.assert_allclose(steps @ steps.T, np.diag(lengths**2), atol=1e-9)


def test_a_span_knows_where_its_genomes_are():
    genomes = drawn(4, 7)
    span = Span.of(genomes)
    found = np.concatenate([span.genomes(span.point(number)[None]) for number in range(4)])
    np.testing.assert_allclose(found, genomes, atol=1e-9)


def test_genomes_that_are_the_same_span_nothing():
    span = Span.of(np.ones((3, 5)))
    assert len(span.directions) == 0
    np.testing.assert_allclose(span.genomes(np.zeros((1, 0))), np.ones((1, 5)))


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """A folder with those of two rounds, `0` and `1`, as the pipeline lays them out."""
    folder = tmp_path_factory.mktemp("mix")
    run_both(folder)
    for number in "01":
        for kind in ("data", "models"):
            (folder / number / kind).mkdir(parents=True)
        for name in "vmc":
            shutil.copy(folder / f"{name}{number}.npz", folder / number / f"models/{name}.npz")
        shutil.copy(folder / f"r{number}.h5", folder / number / "data/rollouts.h5")
        shutil.copy(folder / f"l{number}.h5", folder / number / "data/latents.h5")
        returned(folder / number, 8.5 + int(number))
    return folder


def returned(folder, real_return):
    """What a round says of its C."""
    (folder / "reports/metrics").mkdir(parents=True, exist_ok=True)
    (folder / "reports/metrics/evolve_c.json").write_text(json.dumps({"real_return": real_return}))


def mix(folder, *names, settings=()):
    rounds = (str(folder / name) for name in names or ("0", "1"))
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "curves").mkdir(exist_ok=True)
    run("mix", folder, *KEPT, *rounds, settings=(*REAL, *settings))


def weights(path):
    controllers = built(path, "evolve_c", dict.fromkeys(ARRAYS, Controllers.from_arrays))
    return controllers.arrays(0)


def test_two_rounds_cs_are_mixed_for_the_better_ones_v_and_m(rounds, capsys):
    mix(rounds, settings=["evolve_c.sigma=3"])
    for name in ("v", "m"):
        kept = (rounds / f"{name}.npz").read_bytes()
        assert kept == (rounds / f"1/models/{name}.npz").read_bytes()
    metrics = json.loads((rounds / "metrics/mix.json").read_text())
    parts = metrics["parts"]
    assert (list(parts), metrics["home"]) == (["0", "1"], "1")
    assert sum(parts.values()) == pytest.approx(1)
    assert metrics["searched_steps"] > 0
    said = capsys.readouterr().out
    assert f"V and M of 1, parts by round: 0: {parts['0']:+.2f}, 1: {parts['1']:+.2f}" in said


def test_what_is_found_is_so_much_of_each_c(rounds, monkeypatch):
    monkeypatch.setattr(imitation, "RIDGE", 1e-9)
    like = weights(rounds / "1/models/c.npz")
    rng = np.random.default_rng(0)
    given = {}  # Cs whose every action is far from 1, so that all of them can be told
    for name in ("a", "b"):
        shutil.copytree(rounds / "1", rounds / name)
        given[name] = {key: rng.normal(0, 0.03, array.shape) for key, array in like.items()}
        arrays = {key: array.astype(np.float32) for key, array in given[name].items()}
        Model("linear", arrays).write(rounds / name / "models/c.npz")
    mix(rounds, "a", "b")
    parts = json.loads((rounds / "metrics/mix.json").read_text())["parts"]
    for key, found in weights(rounds / "c.npz").items():
        expected = parts["a"] * given["a"][key] + parts["b"] * given["b"][key]
        np.testing.assert_allclose(found, expected, atol=2e-3)
        assert np.abs(found - given["a"][key]).max() > 0.01


@pytest.mark.parametrize(
    ("names", "setting", "said"),
    [
        (("1",), "seed=1", "1: to be mixed, there must be two rounds or more"),
        (("0", "1", "1"), "seed=1", "whose folders have different names"),
        (("1", "twin"), "seed=1", "1, twin: the Cs of these rounds are all the same"),
        (
            ("0", "1"),
            "evolve_c.world=dream train_m.predict_outcome=true",
            "evolve_c.world: must be real here",
        ),
        (("0", "1"), "evolve_c.hidden=3", "evolve_c.hidden: must be 0 here"),
        (("0", "none"), "seed=1", "none/reports/metrics/evolve_c.json: no such file"),
        (("0", "bare"), "seed=1", "bare/models/v.npz: no such file"),
    ],
)
def test_what_cannot_be_mixed_is_refused_and_nothing_is_written(rounds, names, setting, said):
    returned(rounds / "bare", 1)
    shutil.copytree(rounds / "1", rounds / "twin", dirs_exist_ok=True)
    for name in KEPT:
        (rounds / name).unlink(missing_ok=True)
    with pytest.raises(SystemExit) as stop:
        mix(rounds, *names, settings=setting.split())
    assert said in str(stop.value)
    assert not [name for name in KEPT if (rounds / name).exists()]


def test_a_mixture_that_is_stopped_goes_on_only_with_the_same_rounds(rounds, monkeypatch):
    """What it left is of the Cs that it was given: others are mixed from the beginning."""
    seen = []
    monkeypatch.setattr(Scratch, "load", lambda scratch, name: seen.append(scratch._fingerprint))
    mix(rounds)
    shutil.copytree(rounds / "1", rounds / "3")
    shutil.copy(rounds / "0/models/c.npz", rounds / "3/models/c.npz")
    mix(rounds, "0", "3")
    mix(rounds)
    assert seen[0] == seen[-1] != seen[len(seen) // 2]


def test_of_cs_of_which_none_is_better_in_a_mixture_the_best_rounds_is_kept(rounds, monkeypatch):
    monkeypatch.setattr(imitation, "RIDGE", 1e-9)
    for name, score in (("x", 5), ("y", 4)):
        shutil.copytree(rounds / "a", rounds / name)
        returned(rounds / name, score)
    shutil.copy(rounds / "b/models/c.npz", rounds / "y/models/c.npz")
    mix(rounds, "y", "x", settings=["evolve_c.sigma=0.0001"])
    parts = json.loads((rounds / "metrics/mix.json").read_text())["parts"]
    assert parts == {"y": pytest.approx(0, abs=1e-3), "x": pytest.approx(1, abs=1e-3)}
    for key, found in weights(rounds / "c.npz").items():
        np.testing.assert_allclose(found, weights(rounds / "x/models/c.npz")[key], atol=2e-3)
