"""The stage train_m."""

import dataclasses

import msgspec
import numpy as np
import pytest

from stages.train_m import train_m
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.training.member_trainer import MemberTrainer

replace = msgspec.structs.replace


def train(settings, latents):
    """M and the stage's result."""
    trainer = MemberTrainer(settings, latents, RandomStreams(0, "train_m"))
    return train_m(trainer, WorkerPool(trainer, INLINE), settings.ensemble_size)


@pytest.fixture
def mixture(reference):
    return replace(reference.train_m, kind="mdn_lstm", num_mixtures=3)


def test_with_more_epochs_than_the_reference_m_beats_persistence(reference, latents):
    _, result = train(replace(reference.train_m, epochs=60), latents)
    assert set(result.metrics) == {"held_out_loss", "baseline_loss"}
    assert result.metrics["held_out_loss"] < result.metrics["baseline_loss"]
    assert result.details["held_out_mse"] < result.details["persistence_mse"]
    assert "better than" in result.summary


def test_the_reference_m_reports_that_it_is_worse_than_persistence(reference, latents):
    _, result = train(reference.train_m, latents)
    assert result.details["held_out_mse"] > result.details["persistence_mse"]
    assert "WORSE" in result.summary


def test_a_mixture_beats_both_baselines(mixture, latents):
    _, result = train(replace(mixture, epochs=30), latents)
    details = result.details
    assert details["held_out_nll"] == pytest.approx(result.metrics["held_out_loss"])
    assert details["held_out_nll"] < details["persistence_nll"] < details["marginal_gaussian_nll"]
    assert result.curve[-1]["held_out"] == pytest.approx(details["held_out_nll"], abs=1e-4)
    assert result.curve[-1]["baseline"] == details["persistence_nll"]
    assert result.metrics["baseline_loss"] == details["persistence_nll"]
    assert result.summary.count("better than") == 2


@pytest.mark.parametrize("kind", ["lstm", "mdn_lstm"])
def test_m_learns_reward_and_done_besides_z(reference, latents, kind):
    settings = replace(reference.train_m, kind=kind, predict_reward_done=True, epochs=25)
    memory, result = train(settings, latents)
    details = result.details
    assert memory.predicts_reward_done
    assert details["reward_mse"] < 0.5 * details["mean_reward_mse"]
    assert details["done_nll"] < details["done_base_rate_nll"]
    error = "mse" if kind == "lstm" else "nll"
    z, persistence = details[f"held_out_{error}"], details[f"persistence_{error}"]
    assert result.metrics["held_out_loss"] == pytest.approx(
        z + details["reward_mse"] + details["done_nll"]
    )
    assert result.curve[0]["baseline"] == pytest.approx(
        persistence + details["mean_reward_mse"] + details["done_base_rate_nll"]
    )


def test_the_reward_weight_counts_in_training_and_in_the_loss_but_not_in_the_score(
    reference, latents
):
    untrained = replace(reference.train_m, predict_reward_done=True, epochs=0)
    plain, weighted = (
        train(replace(untrained, reward_weight=weight), latents)[1] for weight in (1.0, 0.25)
    )
    details = weighted.details
    assert details["reward_mse"] == plain.details["reward_mse"]
    assert weighted.metrics["held_out_loss"] == pytest.approx(
        details["held_out_mse"] + 0.25 * details["reward_mse"] + details["done_nll"]
    )
    assert weighted.curve[0]["baseline"] == pytest.approx(
        details["persistence_mse"]
        + 0.25 * details["mean_reward_mse"]
        + details["done_base_rate_nll"]
    )
    trained = replace(untrained, epochs=8)
    small_weight, large_weight = (
        train(replace(trained, reward_weight=weight), latents)[1].details["reward_mse"]
        for weight in (1e-4, 1.0)
    )
    assert large_weight < small_weight


def test_the_weight_of_ends_is_in_the_loss_and_in_its_baseline(reference, latents):
    settings = replace(reference.train_m, predict_reward_done=True, epochs=20)
    plain, weighted = (
        train(replace(settings, done_weight=weight), latents)[1] for weight in (1.0, 10.0)
    )
    details = weighted.details
    extra = weighted.metrics["baseline_loss"] - plain.metrics["baseline_loss"]
    assert details["done_base_rate_weighting"] == pytest.approx(extra)
    assert extra > details["done_base_rate_nll"]  # ends count for more
    assert details["done_base_rate_nll"] == plain.details["done_base_rate_nll"]
    assert details["done_nll"] < details["done_base_rate_nll"]
    assert weighted.metrics["held_out_loss"] > sum(
        details[name] for name in ("held_out_mse", "reward_mse", "done_nll")
    )


@pytest.mark.parametrize("kind", ["lstm", "mdn_lstm", "joint_mdn_lstm"])
def test_an_m_of_changes_needs_fewer_epochs_to_beat_persistence(reference, latents, kind):
    settings = replace(reference.train_m, kind=kind)
    memory, result = train(replace(settings, predict_change=True), latents)
    other, other_result = train(settings, latents)
    assert memory.members[0].predicts_change
    assert not other.members[0].predicts_change
    persistence = result.details["persistence_mse"]
    assert result.details["held_out_mse"] < persistence < other_result.details["held_out_mse"]
    assert result.details["held_out_nll"] < other_result.details["held_out_nll"]


def test_m_learns_from_samples_of_z(mixture, latents):
    wide = dataclasses.replace(latents, logvar=np.zeros_like(latents.logvar))
    settings = replace(mixture, epochs=2)
    first, again, of_means = (train(settings, each)[1].details for each in (wide, wide, latents))
    assert first == again
    assert first["persistence_mse"] == pytest.approx(of_means["persistence_mse"] + 2, abs=0.2)


@pytest.mark.parametrize("kind", ["lstm", "mdn_lstm"])
def test_m_may_be_left_untrained(reference, latents, kind):
    memory, result = train(replace(reference.train_m, kind=kind, epochs=0), latents)
    assert len(result.curve) == 1
    assert np.isfinite(memory.members[0].parameters.flat).all()
    assert np.isfinite([*result.metrics.values(), *result.details.values()]).all()
