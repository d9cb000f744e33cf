"""The stage train_v."""

import dataclasses

import msgspec
import numpy as np
import pytest

from stages.collect import collect
from stages.encode import encode
from stages.train_v import train_v
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace
STREAMS = RandomStreams(0, "train_v")


def test_v_is_far_better_than_the_mean_image_on_held_out_frames(reference, rollouts):
    _, result = train_v(reference.train_v, rollouts, STREAMS)
    assert set(result.metrics) == {"held_out_loss", "baseline_loss"}
    assert result.details["held_out_error"] < 0.5 * result.details["mean_image_error"]
    assert result.curve[0]["epoch"] == 0
    assert result.curve[-1]["epoch"] == reference.train_v.epochs
    assert result.curve[0]["held_out"] == pytest.approx(np.log(2), abs=0.15)


def test_a_vae_learns_the_observations_of_the_reference_recipe(reference, rollouts):
    vision, result = train_v(replace(reference.train_v, kind="vae"), rollouts, STREAMS)
    loss, details = result.metrics["held_out_loss"], result.details
    assert details["held_out_error"] < 0.75 * details["mean_image_error"]
    assert loss == pytest.approx(result.curve[-1]["held_out"])
    assert loss >= details["held_out_error"] + details["held_out_kl"] / 256
    assert "nats an observation" in result.summary
    latents, _ = encode(reference.encode, rollouts, vision)
    assert latents.mean.shape == latents.logvar.shape
    assert latents.logvar.mean() < 0


def test_a_conv_vae_learns_observations_of_64_x_64_and_refuses_others(quick):
    settings = replace(quick.collect, episodes=3, held_out_episodes=1)
    rollouts, _ = collect(settings, make_task(quick.env), RandomStreams(0, "collect"))
    large = np.kron(rollouts.observations, np.ones((1, 4, 4, 3), np.uint8))
    settings = replace(
        quick.train_v, kind="conv_vae", z_size=4, width_multiplier=0.04, epochs=2, batch_size=16
    )
    large_rollouts = dataclasses.replace(rollouts, observations=large)
    vision, result = train_v(settings, large_rollouts, STREAMS)
    assert vision.kind == "conv_vae"
    assert result.details["held_out_error"] < result.curve[0]["held_out"]
    assert result.summary.startswith("squared error")
    _, weighted = train_v(replace(settings, bright_weight=7.0), large_rollouts, STREAMS)
    for name in ("held_out_error", "mean_image_error"):  # both are weighted
        assert weighted.details[name] != pytest.approx(result.details[name], rel=1e-3)
    with pytest.raises(ParamsError, match=r"^train_v.kind: conv_vae takes .* found 16 x 16 x 1"):
        train_v(settings, rollouts, STREAMS)


def test_a_loss_that_is_not_finite_is_reported_with_a_remedy(reference, rollouts, monkeypatch):
    vision = Autoencoder.initial(256, 8, 4, np.random.default_rng(0))
    vision.parameters["z.weight"][...] = np.inf
    monkeypatch.setattr(Autoencoder, "initial", lambda *_: vision)
    words = (
        r"^train_v.learning_rate: the loss is nan in step 1 of \d+, and 'z.weight' "
        r"holds numbers that are not finite; try less than 0.002$"
    )
    with pytest.raises(UserError, match=words):
        train_v(reference.train_v, rollouts, STREAMS)
