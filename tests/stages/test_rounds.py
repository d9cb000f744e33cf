"""Rounds of the procedure: what the stages make of what a round before has left."""

import sys

import numpy as np
import pytest

from stages.collect import collect
from stages.encode import encode
from tests.support.imports import ROOT
from tests.support.two_rounds import QUICK, run, run_both
from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import ARRAYS, Controllers
from worldmodels.distillation import teacher_labels
from worldmodels.evolution import behaviour_cloning as imitation
from worldmodels.evolution.behaviour_cloning import fit_linear_policy
from worldmodels.memory.ensemble import ENSEMBLES
from worldmodels.pipeline import runner as frame
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents, Model, Rollouts, load_model
from worldmodels.vision.registry import VISIONS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """In which two rounds have been run."""
    folder = tmp_path_factory.mktemp("rounds")
    run_both(folder)
    return folder


def test_a_second_round_is_laid_behind_the_first(folder):
    first, both = Rollouts.read(folder / "r0.h5"), Rollouts.read(folder / "r1.h5")
    count = len(first.lengths)
    assert both.round.tolist() == [0] * count + [1] * count
    copied = both.slice(0, count)
    for name in first.schema():
        np.testing.assert_array_equal(getattr(copied, name)[:], getattr(first, name)[:])
    assert both.held_out[count:].tolist() == first.held_out.tolist()
    np.testing.assert_array_equal(Latents.read(folder / "l1.h5").round, both.round)


def test_a_second_round_is_driven_elsewhere_and_by_another(folder):
    both = Rollouts.read(folder / "r1.h5")
    assert len(set(both.half_width)) == len(both.lengths)  # every road is a new one
    count = len(both.lengths) // 2
    starts = [both.first_step[:-1][half] for half in (slice(count), slice(count, None))]
    assert (both.actions[starts[0]] == 0).sum() < count  # noise, each car's own
    calm = both.actions[starts[1]][::4]  # no noise: C on first frames
    assert np.ptp(calm, axis=0).max() < 0.5


def test_the_third_round_has_all_and_draws_anew(quick):
    table, tables = None, []
    for _ in range(3):
        table, report = collect(quick.collect, quick.env, RandomStreams(0, "collect"), before=table)
        tables.append(table)
    count = len(tables[0].lengths)
    assert np.bincount(table.round).tolist() == [count] * 3
    assert report.metrics["round"] == 2
    assert report.summary.endswith(f"behind {2 * count} episodes of the rounds before")
    own = [table.actions[table.first_step[start]].tolist() for start in (0, count, 2 * count)]
    assert len({tuple(action) for action in own}) == 3


def test_rounds_of_different_pictures_or_worlds_are_not_mixed(folder, quick, carracing):
    other, _ = collect(carracing.collect, carracing.env, RandomStreams(0, "collect"))
    other.write(folder / "other.h5")
    with pytest.raises(SystemExit) as stop:
        run("collect", folder, "--after", "other.h5", "x.h5")
    assert str(stop.value).endswith("carracing; only rollouts of racing will do here")
    with pytest.raises(SystemExit) as stop:
        run("collect", folder, "--after", "r0.h5", "x.h5", settings=["world.view.size=32"])
    assert str(stop.value) == (
        "collect: --after: nothing can be laid behind these rollouts: each of their 'observations' "
        "is of shape (16, 16, 1), each of the others' of (32, 32, 1)"
    )
    assert not (folder / "x.h5").exists()


def test_a_driver_that_does_not_fit_is_named(folder):
    files = ("v0.npz", "m0.npz", "c0.npz")
    with pytest.raises(SystemExit) as stop:
        run("collect", folder, "--driver", *files, "x.h5", settings=["world.view.size=32"])
    for words in ("v0.npz", "m0.npz", "c0.npz", "256 pixels, but the world's have 1024"):
        assert words in str(stop.value)


V, M = ("train_v", "r1", "v"), ("train_m", "l1", "m")


@pytest.mark.parametrize(("stage", "data", "model"), [V, M])
def test_who_learns_nothing_more_is_as_it_was(folder, stage, data, model):
    settings = [f"{stage}.epochs=0"]
    run(stage, folder, f"{data}.h5", "--start", f"{model}0.npz", "x.npz", settings=settings)
    run(stage, folder, f"{data}.h5", "y.npz", settings=settings)
    before, after, fresh = (
        Model.read(folder / f"{name}.npz", stage).arrays for name in (f"{model}0", "x", "y")
    )
    learned = [name for name in before if name != "residual"]  # which is measured
    assert all(np.array_equal(before[name], after[name]) for name in learned)
    assert not all(np.array_equal(before[name], fresh[name]) for name in learned)


@pytest.mark.parametrize(
    ("stage", "data", "model", "setting", "words"),
    [
        (*V, "train_v.z_size=5",
         "v0.npz: nothing to start from: it is autoencoder with z.weight (64, 16), z.bias (16,), "
         "decoder.weight (16, 64), and the params ask for autoencoder with z.weight (64, 5), "
         "z.bias (5,), decoder.weight (5, 64)"),
        (*V, "train_v.kind=vae", "and the params ask for vae with mean.weight"),
        (*M, "train_m.hidden=8", "with lstm.input_weight (18, 128), lstm.hidden_"),
        (*M, "train_m.kind=mdn_lstm", "it is lstm with z.weight (32, 16), z.bias"),
        (*M, "train_m.ensemble_size=2",
         "m0.npz: nothing to start from: it has 1 members, and the params ask for 2"),
        (*M, "train_m.predict_reward_done=true", "and the params ask for lstm with re"),
    ],
)  # fmt: skip
def test_what_is_of_another_kind_or_size_is_no_start(folder, stage, data, model, setting, words):
    with pytest.raises(SystemExit) as stop:
        run(stage, folder, f"{data}.h5", "--start", f"{model}0.npz", "x2.npz", settings=[setting])
    assert words in str(stop.value)
    assert not (folder / "x2.npz").exists()


def test_members_start_each_from_its_like(folder):
    settings = ["train_m.ensemble_size=2"]
    run("train_m", folder, "l0.h5", "two.npz", settings=settings)
    settings.append("train_m.epochs=0")
    run("train_m", folder, "l1.h5", "--start", "two.npz", "more.npz", settings=settings)
    two, more = (Model.read(folder / f"{name}.npz", "train_m").arrays for name in ("two", "more"))
    assert all(np.array_equal(two[name], more[name]) for name in two if "residual" not in name)


@pytest.fixture(scope="module")
def teacher(folder):
    """The agent of the first round."""
    files = [folder / f"{name}0.npz" for name in "vmc"]
    makers = VISIONS, ENSEMBLES, dict.fromkeys(ARRAYS, Controllers.from_arrays)
    stages = "train_v", "train_m", "evolve_c"
    return AgentParts(*(load_model(*each) for each in zip(files, stages, makers, strict=True)))


def test_who_sees_with_the_same_v_and_m_learns_to_be_its_teacher(
    folder, teacher, quick, monkeypatch
):
    monkeypatch.setattr(imitation, "RIDGE", 1e-10)
    rollouts = Rollouts.read(folder / "r1.h5")
    latents, _ = encode(quick.encode, rollouts, teacher.vision)
    example, more = (
        teacher_labels(teacher, rollouts, latents, recent, np.random.default_rng(0))
        for recent in (1, 2)
    )
    driven = (latents.round == 1) & ~latents.held_out
    assert len(example.actions) == latents.lengths[driven].sum()
    assert len(more.actions) == latents.lengths[~latents.held_out].sum()
    assert (
        np.abs(example.actions - example.sequences.actions).max() > 0.2
    )  # noise, which is not taught
    steering, _ = teacher.controllers.arrays(0)["layer1.weight"]
    assert np.abs(example.actions[:, 1]).min() > imitation.LARGEST  # nobody can tell how far beyond
    member = teacher.memory.members[0]
    size = 2 * (len(steering) + 1)
    found = fit_linear_policy(quick.evolve_c, member, example, None, size)
    np.testing.assert_allclose(found[: len(steering)], steering, atol=1e-4)
    bias = teacher.controllers.arrays(0)["layer1.bias"][0]
    np.testing.assert_allclose(found[-2], bias, atol=1e-4)


def test_a_teacher_that_drove_elsewhere_or_cannot_be_learned_of_is_refused(folder):
    v_m_c = ("v0.npz", "m0.npz", "c0.npz")
    latents = ("l1.h5", "v1.npz", "m1.npz")
    with pytest.raises(SystemExit) as stop:
        run("evolve_c", folder, *latents, "--teacher", *v_m_c, "r0.h5", "none.npz")
    for words in ("r0.h5", "l1.h5", "16 episodes", "32 of", "run 'dvc repro'"):
        assert words in str(stop.value)
    arguments = (*latents, "--teacher", *v_m_c, "r1.h5", "none.npz")
    with pytest.raises(SystemExit) as stop:
        run("evolve_c", folder, *arguments, settings=["evolve_c.hidden=3"])
    assert "evolve_c.hidden: must be 0 where there is a --teacher" in str(stop.value)
    assert not (folder / "none.npz").exists()


def given(monkeypatch, *arguments):
    """The run that the frame makes of a command line."""
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments), "--params", str(QUICK)])
    optional = {"after": ["before"], "driver": ["v", "m", "c"]}
    with frame.stage("collect", reads=["latents"], optional=optional, writes=["rollouts"]) as run:
        return run


def test_files_that_are_not_given_are_no_paths(tmp_path, monkeypatch):
    files = {name: tmp_path / name for name in ("latents", "before", "v", "m", "c", "rollouts")}
    latents, before, *driver, rollouts = files.values()
    assert set(given(monkeypatch, latents, rollouts).paths) == {"latents", "rollouts"}
    arguments = [latents, "--after", before, "--driver", *driver, rollouts]
    assert given(monkeypatch, *arguments).paths == files


def test_a_driver_is_three_files(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        given(monkeypatch, "a", "b", "--driver", "v", "m")
    assert "--driver" in capsys.readouterr().err


def test_an_unfinished_run_is_gone_on_with_from_the_same_start_only(tmp_path, monkeypatch):
    for name in ("a", "b", "start", "other"):
        (tmp_path / name).write_text(name)
    monkeypatch.chdir(tmp_path)

    def left(*options):
        return given(monkeypatch, "a", *options, "out").checkpoints.load("state")

    given(monkeypatch, "a", "--after", "start", "out").checkpoints.save("state", dict, now=True)
    assert left("--after", "start") == {}
    assert left() is None
    assert left("--after", "other") is None
    (tmp_path / "start").write_text("changed")
    assert left("--after", "start") is None


def test_racing_recipes_have_no_noise_for_a_round_that_they_do_not_have():
    for path in [ROOT / "params.yaml", *(ROOT / "recipes").glob("[!d]*.yaml")]:
        settings = read_params(path).collect
        assert (settings.parameter_noise, settings.action_noise, settings.throttle_bias) == (
            0,
            0,
            0,
        )
