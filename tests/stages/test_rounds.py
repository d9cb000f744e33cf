"""Later rounds of the procedure: what the stages do with the files of the round before."""

import msgspec
import numpy as np
import pytest

from stages.collect import collect
from stages.encode import encode
from tests.support.project import ROOT
from tests.support.two_rounds import run, run_both
from worldmodels.agent.loading import load_agent
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.distillation import teacher_labels
from worldmodels.envs.registry import make_task
from worldmodels.evolution import behaviour_cloning
from worldmodels.evolution.behaviour_cloning import MAX_ACTION, fit_linear_policy
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Latents, Model, Rollouts

V_M_C = ("v0.npz", "m0.npz", "c0.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of two rounds."""
    folder = tmp_path_factory.mktemp("rounds")
    run_both(folder)
    return folder


def test_a_second_round_is_appended_to_the_first(folder):
    first, both = Rollouts.read(folder / "r0.h5"), Rollouts.read(folder / "r1.h5")
    count = len(first.lengths)
    assert both.round.tolist() == [0] * count + [1] * count
    copy = both.slice(0, count)
    for name in first.schema():
        np.testing.assert_array_equal(getattr(copy, name)[:], getattr(first, name)[:])
    assert both.held_out[count:].tolist() == first.held_out.tolist()
    np.testing.assert_array_equal(Latents.read(folder / "l1.h5").round, both.round)


def test_a_second_round_has_other_tracks_and_another_policy(folder):
    both = Rollouts.read(folder / "r1.h5")
    assert len(set(both.half_width)) == len(both.lengths)  # every track is a new one
    count = len(both.lengths) // 2
    first_steps = [both.first_step[:-1][half] for half in (slice(count), slice(count, None))]
    assert (both.actions[first_steps[0]] == 0).sum() < count  # noise, drawn for each episode
    deterministic = both.actions[first_steps[1]][::4]  # C on first frames
    assert np.ptp(deterministic, axis=0).max() < 0.5


def test_a_third_round_holds_all_episodes_and_draws_new_noise(quick):
    rollouts, tables, task = None, [], make_task(quick.env)
    for _ in range(3):
        streams = RandomStreams(0, "collect")
        rollouts, result = collect(quick.collect, task, streams, earlier=rollouts)
        tables.append(rollouts)
    count = len(tables[0].lengths)
    assert np.bincount(rollouts.round).tolist() == [count] * 3
    assert result.details["round"] == 2
    assert result.summary.endswith(f"appended to {2 * count} episodes of earlier rounds")
    firsts = (rollouts.first_step[episode] for episode in (0, count, 2 * count))
    assert len({tuple(rollouts.actions[step].tolist()) for step in firsts}) == 3


def test_rounds_with_other_observations_or_environments_are_not_mixed(folder, carracing):
    task = make_task(carracing.env)
    other, _ = collect(carracing.collect, task, RandomStreams(0, "collect"))
    other.write(folder / "other.h5")
    with pytest.raises(SystemExit) as stop:
        run("collect", folder, "--append-to", "other.h5", "x.h5")
    assert str(stop.value).endswith("carracing; only rollouts of racing will do here")
    with pytest.raises(SystemExit) as stop:
        run("collect", folder, "--append-to", "r0.h5", "x.h5", settings=["env.view.size=32"])
    assert str(stop.value) == (
        "collect: --append-to: nothing can be appended to these rollouts: rows of their "
        "'observations' have shape (16, 16, 1), rows of the others' (32, 32, 1)"
    )
    assert not (folder / "x.h5").exists()


def test_the_files_of_a_policy_that_does_not_fit_are_named(folder):
    with pytest.raises(SystemExit) as stop:
        run("collect", folder, "--policy", *V_M_C, "x.h5", settings=["env.view.size=32"])
    for words in ("v0.npz", "m0.npz", "256 pixels, but the environment's have 1024"):
        assert words in str(stop.value)
    run("train_m", folder, "l0.h5", "small.npz", settings=["train_m.hidden=8", "train_m.epochs=0"])
    with pytest.raises(SystemExit) as stop:
        run("collect", folder, "--policy", "v0.npz", "small.npz", "c0.npz", "x.h5")
    for words in ("v0.npz", "small.npz", "c0.npz", "C was made for 48 features", "24"):
        assert words in str(stop.value)
    assert not (folder / "x.h5").exists()


V, M = ("train_v", "r1", "v"), ("train_m", "l1", "m")


@pytest.mark.parametrize(("stage", "data", "model"), [V, M])
def test_a_warm_start_without_training_keeps_all_weights(folder, stage, data, model):
    settings = [f"{stage}.epochs=0"]
    initial = ("--init-from", f"{model}0.npz")
    run(stage, folder, f"{data}.h5", *initial, "x.npz", settings=settings)
    run(stage, folder, f"{data}.h5", "y.npz", settings=settings)
    before, after, fresh = (
        Model.read(folder / f"{name}.npz", stage).arrays for name in (f"{model}0", "x", "y")
    )
    weights = [name for name in before if name != "residual"]  # which is measured, not learned
    assert all(np.array_equal(before[name], after[name]) for name in weights)
    assert not all(np.array_equal(before[name], fresh[name]) for name in weights)


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
        (*M, "train_m.predict_reward_done=true", "and the params ask for lstm with "),
        (*M, "train_m.predict_change=true",
         "it is lstm, and the params ask for lstm, predict_change"),
    ],
)  # fmt: skip
def test_a_warm_start_of_another_kind_or_size_is_refused(
    folder, stage, data, model, setting, words
):
    files = (f"{data}.h5", "--init-from", f"{model}0.npz", "refused.npz")
    with pytest.raises(SystemExit) as stop:
        run(stage, folder, *files, settings=[setting])
    assert words in str(stop.value)
    assert not (folder / "refused.npz").exists()


def test_each_member_starts_from_its_own_weights(folder):
    settings = ["train_m.ensemble_size=2"]
    run("train_m", folder, "l0.h5", "two.npz", settings=settings)
    settings.append("train_m.epochs=0")
    run("train_m", folder, "l1.h5", "--init-from", "two.npz", "again.npz", settings=settings)
    two, again = (Model.read(folder / f"{name}.npz", "train_m").arrays for name in ("two", "again"))
    assert all(np.array_equal(two[name], again[name]) for name in two if "residual" not in name)


@pytest.fixture
def teacher(folder, quick):
    """The agent of the first round."""
    return load_agent([folder / name for name in V_M_C], make_task(quick.env))


def test_a_student_with_the_same_v_and_m_learns_the_c_of_its_teacher(
    folder, teacher, quick, monkeypatch
):
    monkeypatch.setattr(behaviour_cloning, "CLONING_RIDGE", 1e-10)
    rollouts = Rollouts.read(folder / "r1.h5")
    latents, _ = encode(quick.encode, rollouts, teacher.vision)
    of_last_round, of_both = (
        teacher_labels(teacher, rollouts, latents, replay_rounds, np.random.default_rng(0))
        for replay_rounds in (1, 2)
    )
    chosen = (latents.round == 1) & ~latents.held_out
    assert len(of_last_round.actions) == latents.lengths[chosen].sum()
    assert len(of_both.actions) == latents.lengths[~latents.held_out].sum()
    noise = np.abs(of_last_round.actions - of_last_round.sequences.actions)
    assert noise.max() > 0.2  # the labels have none
    steering, _ = teacher.controllers.arrays(0)["layer1.weight"]
    assert np.abs(of_last_round.actions[:, 1]).min() > MAX_ACTION  # so the pedal is not recovered
    member = teacher.memory.members[0]
    size = 2 * (len(steering) + 1)
    genome = fit_linear_policy(quick.evolve_c, member, of_last_round, None, size)
    np.testing.assert_allclose(genome[: len(steering)], steering, atol=1e-4)
    bias = teacher.controllers.arrays(0)["layer1.bias"][0]
    np.testing.assert_allclose(genome[-2], bias, atol=1e-4)


def test_a_teacher_labels_mirror_images_by_what_it_sees_in_them(folder, teacher, quick):
    rollouts = Rollouts.read(folder / "r1.h5")
    encode_settings = msgspec.structs.replace(quick.encode, mirror=True)
    latents, _ = encode(encode_settings, rollouts, teacher.vision)
    labels = teacher_labels(teacher, rollouts, latents, 1, np.random.default_rng(0))
    chosen = (latents.round == 1) & ~latents.held_out
    assert len(labels.actions) == latents.lengths[chosen].sum()
    first = latents.first_frame[:-1][chosen]  # in which h is 0
    expected = teacher.controllers.repeated(len(first)).act(
        np.pad(latents.mean[first], [(0, 0), (0, teacher.memory.hidden_size)])
    )
    found = {tuple(np.round(row, 4)) for row in labels.actions[: len(first)].tolist()}
    assert found == {tuple(np.round(row, 4)) for row in expected.tolist()}


def test_a_teacher_may_take_c(folder, teacher, quick):
    sizes = (16 + 2 * teacher.memory.hidden_size, 2)
    genome = np.random.default_rng(0).normal(0, 0.3, (1, parameter_count(sizes)))
    teacher = teacher._replace(controllers=Controllers.from_genomes(genome, sizes))
    rollouts = Rollouts.read(folder / "r1.h5")
    latents, _ = encode(quick.encode, rollouts, teacher.vision)
    labels = teacher_labels(teacher, rollouts, latents, 1, np.random.default_rng(0))
    z, actions, batch_sizes = (
        getattr(labels.sequences, name) for name in ("z", "actions", "batch_sizes")
    )
    h, c = np.zeros((2, batch_sizes[0], teacher.memory.hidden_size), np.float32)
    row = 0
    for count in batch_sizes[:4]:
        now, (h, c) = slice(row, row + count), (h[:count], c[:count])
        expected = teacher.controllers.repeated(count).act(np.hstack([z[now], c, h]))
        np.testing.assert_allclose(labels.actions[now], expected, atol=1e-4)
        h, c = teacher.memory.step(z[now], actions[now], h, c)
        row += count


def test_a_teacher_with_other_episodes_or_a_c_that_cannot_be_fitted_is_refused(folder):
    student = ("l1.h5", "v1.npz", "m1.npz", "--teacher", *V_M_C)
    with pytest.raises(SystemExit) as stop:
        run("evolve_c", folder, *student, "r0.h5", "none.npz")
    for words in ("r0.h5", "l1.h5", "16 episodes", "32 of", "run 'dvc repro'"):
        assert words in str(stop.value)
    with pytest.raises(SystemExit) as stop:
        run("evolve_c", folder, *student, "r1.h5", "none.npz", settings=["evolve_c.hidden=3"])
    assert "evolve_c.hidden: must be 0 with a --teacher" in str(stop.value)
    assert not (folder / "none.npz").exists()


def test_recipes_of_a_single_round_have_no_exploration_noise():
    recipes = [ROOT / "params.yaml", *(ROOT / "recipes").glob("[!d]*/params.yaml")]
    assert len(recipes) > 3
    for path in recipes:
        settings = read_params(path).collect
        noise = settings.parameter_noise, settings.action_noise, settings.throttle_bias
        assert noise == (0, 0, 0)
