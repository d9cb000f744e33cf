import dataclasses
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from benchmarks.learning import drive, learn
from stages.collect import collect
from stages.encode import encode
from stages.train_m import train_m
from stages.train_v import train_v
from worldmodels.evolution.search import check_fitness
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline import runner as frame
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.training.member_trainer import MemberTrainer
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace


def teacher_labels(settings, latents):
    lesson = MemberTrainer(settings, latents, RandomStreams(0, "train_m"))
    return train_m(lesson, WorkerPool(lesson, INLINE), settings.ensemble_size)


@pytest.fixture(scope="module")
def rollouts(reference):
    return collect(reference.collect, reference.env, RandomStreams(0, "collect"))[0]


@pytest.fixture(scope="module")
def latents(reference, rollouts):
    vision, _ = train_v(reference.train_v, rollouts, RandomStreams(0, "train_v"))
    return encode(reference.encode, rollouts, vision)[0]


def test_the_notes_recipe_learns_to_drive_the_whole_way(reference):
    metrics = drive(reference, learn(reference))[1].metrics
    assert metrics["controller"]["mean_return"] > 100
    assert metrics["controller"]["off_track"] == 0
    assert metrics["controller"]["mean_length"] == 120
    assert metrics["controller"]["laps"] > 3
    assert metrics["random"]["mean_return"] < 10
    names = {"mean_return", "std_return", "stderr", "worst_return"}
    names |= {"mean_length", "off_track", "episodes", "beyond_edge_share"}
    assert set(metrics["random"]) == names
    assert set(metrics["controller"]) == names | {"laps"}


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(quick):
    first, again = learn(quick), learn(quick)
    other = learn(replace(quick, seed=1))
    for name, report in first.reports.items():
        assert report == again.reports[name]
        assert report.metrics != other.reports[name].metrics
    weights = [learned.controllers.arrays(0)["layer1.weight"] for learned in (first, again)]
    np.testing.assert_array_equal(*weights)


@pytest.mark.parametrize("strategy", ["rank_mu", "cma_es", "sep_cma_es", "openai_es"])
@pytest.mark.parametrize(("inputs", "hidden", "kind"), [("z", 0, "linear"), ("zh", 5, "hidden")])
def test_every_c_and_strategy_runs_through(quick, strategy, inputs, hidden, kind):
    settings = replace(quick.evolve_c, strategy=strategy, inputs=inputs, hidden=hidden)
    params = replace(quick, evolve_c=settings)
    learned = learn(params)
    assert learned.controllers.kind == kind
    assert learned.controllers.features == (16 if inputs == "z" else 48)
    assert drive(params, learned)[1].metrics["controller"]["episodes"] == 4


def test_collecting_holds_out_episodes_of_its_own(reference, rollouts):
    assert len(rollouts.lengths) == 64 + 16
    assert rollouts.held_out.sum() == 16
    assert len(rollouts.observations) == (rollouts.lengths + 1).sum()
    assert set(np.unique(rollouts.observations)) == {0, 255}


def test_v_does_far_better_than_the_mean_picture_on_frames_it_has_not_seen(reference, rollouts):
    _, report = train_v(reference.train_v, rollouts, RandomStreams(0, "train_v"))
    assert report.metrics["held_out_error"] < 0.5 * report.metrics["mean_image_error"]
    assert report.curve[0]["epoch"] == 0
    assert report.curve[-1]["epoch"] == reference.train_v.epochs
    assert report.curve[0]["held_out"] == pytest.approx(np.log(2), abs=0.15)


def test_a_vae_learns_the_notes_pictures_too(reference, rollouts):
    vision, report = train_v(
        replace(reference.train_v, kind="vae"), rollouts, RandomStreams(0, "train_v")
    )
    metrics = report.metrics
    assert metrics["held_out_error"] < 0.75 * metrics["mean_image_error"]
    assert metrics["held_out_loss"] == pytest.approx(report.curve[-1]["held_out"])
    assert metrics["held_out_loss"] >= metrics["held_out_error"] + metrics["held_out_kl"] / 256
    assert "nats a picture" in report.summary
    latents, _ = encode(reference.encode, rollouts, vision)
    assert latents.mean.shape == latents.logvar.shape
    assert latents.logvar.mean() < 0


def test_a_conv_vae_is_trained_on_pictures_of_64_x_64_and_refuses_others(quick):
    few = replace(quick.collect, episodes=3, held_out_episodes=1)
    rollouts, _ = collect(few, quick.env, RandomStreams(0, "collect"))
    large = np.kron(rollouts.observations, np.ones((1, 4, 4, 3), np.uint8))
    settings = replace(
        quick.train_v, kind="conv_vae", z_size=4, width=0.04, epochs=2, batch_size=16
    )
    vision, report = train_v(
        settings, dataclasses.replace(rollouts, observations=large), RandomStreams(0, "train_v")
    )
    assert vision.kind == "conv_vae"
    assert report.metrics["held_out_error"] < report.curve[0]["held_out"]
    assert report.summary.startswith("squared error")
    with pytest.raises(ParamsError, match=r"^train_v.kind: conv_vae takes .* found 16 x 16 x 1"):
        train_v(settings, rollouts, RandomStreams(0, "train_v"))


def test_m_with_more_epochs_than_the_notes_beats_z_staying_the_same(reference, latents):
    settings = replace(reference.train_m, epochs=200)
    _, report = teacher_labels(settings, latents)
    assert report.metrics["held_out_mse"] < report.metrics["persistence_mse"]
    assert "better than" in report.summary


def test_the_notes_m_says_that_it_is_worse_than_saying_nothing(reference, latents):
    _, report = teacher_labels(reference.train_m, latents)
    assert report.metrics["held_out_mse"] > report.metrics["persistence_mse"]
    assert "WORSE" in report.summary


@pytest.fixture
def mixture(reference):
    return replace(reference.train_m, kind="mdn_lstm", mixtures=3)


def test_a_mixture_beats_both_baselines(mixture, latents):
    _, report = teacher_labels(replace(mixture, epochs=60), latents)
    found = report.metrics
    assert found["held_out_nll"] == pytest.approx(found["held_out_loss"])
    assert found["held_out_nll"] < found["persistence_nll"] < found["marginal_gaussian_nll"]
    assert report.curve[-1]["held_out"] == pytest.approx(found["held_out_nll"], abs=1e-4)
    assert report.curve[-1]["baseline"] == found["persistence_nll"]
    assert report.summary.count("better than") == 2


@pytest.mark.parametrize("kind", ["lstm", "mdn_lstm"])
def test_m_learns_the_outcome_beside_z(reference, latents, kind):
    settings = replace(reference.train_m, kind=kind, predict_reward_done=True, epochs=60)
    memory, report = teacher_labels(settings, latents)
    found = report.metrics
    assert memory.predicts_reward_done
    assert found["reward_mse"] < 0.5 * found["mean_reward_mse"]
    assert found["done_nll"] < found["done_base_rate_nll"]
    z = found["held_out_mse"] if kind == "lstm" else found["held_out_nll"]
    assert found["held_out_loss"] == pytest.approx(z + found["reward_mse"] + found["done_nll"])
    z_stays = found["persistence_mse" if kind == "lstm" else "persistence_nll"]
    assert report.curve[0]["baseline"] == pytest.approx(
        z_stays + found["mean_reward_mse"] + found["done_base_rate_nll"]
    )


def test_the_reward_is_weighed_in_training_and_in_ms_loss_and_not_in_its_score(reference, latents):
    outcomes = replace(reference.train_m, predict_reward_done=True, epochs=0)
    plain, weighed = (
        teacher_labels(replace(outcomes, reward_weight=weight), latents)[1]
        for weight in (1.0, 0.25)
    )
    found = weighed.metrics
    assert found["reward_mse"] == plain.metrics["reward_mse"]
    assert found["held_out_loss"] == pytest.approx(
        found["held_out_mse"] + 0.25 * found["reward_mse"] + found["done_nll"]
    )
    assert weighed.curve[0]["baseline"] == pytest.approx(
        found["persistence_mse"] + 0.25 * found["mean_reward_mse"] + found["done_base_rate_nll"]
    )
    learning = replace(outcomes, epochs=8)
    little, much = (
        teacher_labels(replace(learning, reward_weight=weight), latents)[1].metrics["reward_mse"]
        for weight in (1e-4, 1.0)
    )
    assert much < little


def test_m_learns_from_codes_that_are_drawn(mixture, latents):
    wide = dataclasses.replace(latents, logvar=np.zeros_like(latents.logvar))
    settings = replace(mixture, epochs=2)
    scored, again, certain = (
        teacher_labels(settings, codes)[1].metrics for codes in (wide, wide, latents)
    )
    assert scored == again
    assert scored["persistence_mse"] == pytest.approx(certain["persistence_mse"] + 2, abs=0.2)


@pytest.mark.parametrize("kind", ["lstm", "mdn_lstm"])
def test_m_may_be_left_untrained(reference, latents, kind):
    settings = replace(reference.train_m, kind=kind, epochs=0)
    memory, report = teacher_labels(settings, latents)
    assert len(report.curve) == 1
    assert np.isfinite(memory.members[0].parameters.flat).all()
    assert np.isfinite(list(report.metrics.values())).all()


def test_c_drives_on_a_mixtures_state(quick):
    params = replace(quick, train_m=replace(quick.train_m, kind="mdn_lstm", mixtures=2))
    assert drive(params, learn(params))[1].metrics["controller"]["episodes"] == 4


def test_encoding_does_not_hang_on_the_batch_size(reference, rollouts):
    vision = Autoencoder.initial(256, 8, 4, np.random.default_rng(0))
    whole = encode(reference.encode, rollouts, vision)[0]
    parts = encode(replace(reference.encode, batch_size=100), rollouts, vision)[0]
    np.testing.assert_allclose(whole.mean, parts.mean, atol=1e-5)


def test_learning_that_goes_wrong_is_said_in_words(reference, rollouts):
    wild = Autoencoder.initial(256, 8, 4, np.random.default_rng(0))
    wild.parameters["z.weight"][...] = np.inf
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Autoencoder, "initial", lambda *_: wild)
        with (
            pytest.raises(
                UserError,
                match=r"^train_v.learning_rate: the loss is nan in step 1 of \d+, and 'z.weight' "
                r"holds numbers that are not finite; try less than 0.002$",
            ),
        ):
            train_v(reference.train_v, rollouts, RandomStreams(0, "train_v"))


def test_the_command_line_may_change_a_key(tmp_path, monkeypatch, capsys):
    params = tmp_path / "params.yaml"
    params.write_text(Path("params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    arguments = ["collect", "--params", str(params), "--reports", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*arguments, "--set", "seed=5", "--set", "collect.episodes=7"])
    with frame.stage("collect") as run:
        assert (run.params.seed, run.params.collect.episodes) == (5, 7)
    monkeypatch.setattr(sys, "argv", [*arguments, "--set", "seed"])
    with pytest.raises(SystemExit), frame.stage("collect"):
        pass
    assert "should be KEY=VALUE, found 'seed'" in capsys.readouterr().err


def test_a_fitness_that_is_no_number_stops_evolution_with_the_generation_and_what_to_try():
    with pytest.raises(ParamsError) as caught:
        check_fitness(np.array([1.0, np.nan, np.inf]), 6)
    assert str(caught.value) == (
        "evolve_c.sigma: in generation 7 candidate 2 has a fitness of nan, and 2 of 3 have none "
        "that is a finite number; try a smaller sigma, or look at the losses of V and M"
    )


def test_generations_in_which_all_do_equally_well_are_said(quick):
    still = replace(quick.evolve_c, sigma=1e-4, generations=2)
    env = replace(quick.env, max_steps=4)  # too few to get anywhere with so little throttle
    report = learn(replace(quick, env=env, evolve_c=still)).reports["evolve_c"]
    assert report.metrics["flat_generations"] == 2
    assert "in 2 of them all candidates did equally well" in report.summary


def test_streams_are_told_apart_by_seed_stage_and_purpose():
    draws = {
        RandomStreams(seed, stage)(purpose).integers(2**62)
        for seed in (0, 1)
        for stage in ("collect", "evaluate")
        for purpose in ("policy", "tracks")
    }
    assert len(draws) == 8


def run_stage(monkeypatch, *arguments, fault=None):
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments)])
    with frame.stage("collect", writes=["rollouts"]) as run:
        run.output_path(run.paths["rollouts"]).write_text("new")
        if fault:
            raise fault


def test_what_a_run_has_cost_is_written_where_it_is_asked_for(monkeypatch, tmp_path):
    run_stage(monkeypatch, tmp_path / "r.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["r.h5"]
    cost = tmp_path / "cost" / "collect.json"
    arguments = [tmp_path / "r.h5", "--cost", cost]
    with pytest.raises(SystemExit):
        run_stage(monkeypatch, *arguments, fault=UserError("gone"))
    assert not cost.exists()
    monkeypatch.setattr(frame.resource, "getrusage", {0: used(5, 1), -1: used(7, 2)}.get)
    clock = SimpleNamespace(monotonic=iter([100.0, 136.0]).__next__)
    monkeypatch.setattr(frame, "time", clock)
    run_stage(monkeypatch, *arguments)
    assert json.loads(cost.read_text()) == {"core_hours": 15 / 3600, "hours": 0.01}


def used(user: float, system: float) -> SimpleNamespace:
    """Seconds of the CPU."""
    return SimpleNamespace(ru_utime=user, ru_stime=system)


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (UserError("data/x.h5: gone"), 1, r"^collect: data/x.h5: gone$"),
        (ParamsError("seed: odd"), 1, r"^collect: params.yaml: seed: odd$"),
        (
            MemoryError("12 GiB"),
            1,
            r"^collect: params.yaml: world.max_steps 120, collect.episodes 64, "
            r"collect.held_out_episodes 16: too large for this machine's memory \(12 GiB\)$",
        ),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (KeyboardInterrupt(), 130, "^collect: interrupted$"),
    ],
)
def test_faults_end_in_one_line_and_change_nothing(
    monkeypatch, tmp_path, capsys, fault, status, words
):
    output = tmp_path / "r.h5"
    output.write_text("old")
    with pytest.raises(SystemExit) as stop:
        run_stage(monkeypatch, output, "--params", "params.yaml", fault=fault)
    said = stop.value.posterior if status == 1 else capsys.readouterr().err
    assert re.search(words, str(said).strip())
    assert status == (1 if isinstance(stop.value.posterior, str) else stop.value.posterior)
    assert output.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.h5"]
