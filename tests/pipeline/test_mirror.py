"""Mirror images of episodes, in the stages train_v and encode."""

import msgspec
import numpy as np
import pytest

from stages.encode import encode
from stages.train_v import train_v
from tests.support.tables import make_carracing_table, make_racing_rollouts
from worldmodels.envs.racing.camera import Camera
from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage import artifacts
from worldmodels.pipeline.storage.artifacts import (
    CarRacingRollouts,
    DoomRollouts,
    GymnasiumRollouts,
)
from worldmodels.pipeline.storage.mirror import flip_at_random, with_mirror_images
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace


def rollouts_of(kind):
    """Small rollouts of an environment whose tracks are seeds."""
    table = make_carracing_table(CarRacingRollouts)
    columns = {**vars(table), "health": np.full(11, 100)}
    return kind(**{name: columns[name] for name in kind.schema()})


def test_each_episode_is_followed_by_its_mirror_image():
    before = make_racing_rollouts()
    both = with_mirror_images(before)
    assert both.lengths.tolist() == [3, 3, 1, 1, 4, 4]
    assert both.held_out.tolist() == [False] * 4 + [True] * 2
    assert both.round.tolist() == [0] * 4 + [1] * 2
    assert both.terminated.tolist() == [True] * 4 + [False] * 2
    for number in range(3):
        episode = before.episode(number)
        same, image = both.episode(2 * number), both.episode(2 * number + 1)
        np.testing.assert_array_equal(same.observations, episode.observations)
        np.testing.assert_array_equal(same.actions, episode.actions)
        np.testing.assert_array_equal(image.observations, episode.observations[:, :, ::-1])
        np.testing.assert_array_equal(image.actions, episode.actions * [-1, 1])
        np.testing.assert_array_equal(image.rewards, episode.rewards)


def test_the_other_way_round_the_racing_environment_looks_the_same():
    track, image = (
        Track(8.0, [(2, 1.4, phase), (3, 0.6, 2 * phase)], 1.4) for phase in (0.7, -0.7)
    )
    rng = np.random.default_rng(0)
    angle, heading, distance = rng.uniform(-3, 3, 50), rng.uniform(-3, 3, 50), rng.uniform(5, 9, 50)
    x, y, one = distance * np.cos(angle), distance * np.sin(angle), np.ones(50)
    pose = np.stack([np.cos(heading), np.sin(heading), one, x, y], axis=1)
    number = np.zeros(50, int)
    here, there = (Camera([each], 32, 1, 4.0, 4.0) for each in (track, image))
    seen = here.observe(pose, number)
    seen_there = there.observe(pose * [1, -1, 1, 1, -1], number)
    assert 0.05 < seen.mean() < 0.95
    assert (seen_there[:, :, ::-1] == seen).mean() > 0.97  # the raster is not symmetric
    assert (seen_there == seen).mean() < 0.9


def test_frames_are_flipped_at_random():
    frames = np.arange(400 * 6, dtype=np.int64).astype(np.uint8).reshape(400, 1, 3, 2)
    flipped = flip_at_random(frames, np.random.default_rng(0))
    images = (flipped == frames[:, :, ::-1]).all(axis=(1, 2, 3))
    assert ((flipped == frames).all(axis=(1, 2, 3)) != images).all()
    assert 150 < images.sum() < 250
    assert flipped.dtype == np.uint8


@pytest.mark.parametrize("part_bytes", [1 << 26, 1])
def test_encode_adds_the_images_of_training_and_of_held_out_episodes(
    quick, part_bytes, monkeypatch
):
    monkeypatch.setattr(artifacts, "PART_BYTES", part_bytes)  # 1: each episode is a part
    rollouts = make_racing_rollouts()
    vision = Autoencoder.initial(16, 8, 4, np.random.default_rng(0))
    plain, _ = encode(quick.encode, rollouts, vision)
    both, result = encode(replace(quick.encode, mirror=True), rollouts, vision)
    assert both.held_out.tolist() == [False] * 4 + [True] * 2
    assert result.details["frames"] == len(both.mean) == 22
    np.testing.assert_allclose(both.slice(0, 1).mean, plain.slice(0, 1).mean, atol=1e-6)
    image = vision.encode(rollouts.observations[:4, :, ::-1].astype(np.float32) / 255)
    np.testing.assert_allclose(both.slice(1, 2).mean, image, atol=1e-6)
    assert not np.allclose(both.slice(1, 2).mean, plain.slice(0, 1).mean)
    np.testing.assert_array_equal(both.actions[3:6], plain.actions[:3] * [-1, 1])


def test_a_v_of_mirror_images_encodes_them_better(quick):
    """All frames have their bright half on the left, their images on the right."""
    rollouts = make_racing_rollouts()
    rollouts.observations[...] = 0
    rollouts.observations[:, :, :2] = 255
    settings = replace(quick.train_v, kind="autoencoder", z_size=2, epochs=300, batch_size=8)
    images = rollouts.observations[:, :, ::-1].astype(np.float32).reshape(-1, 16) / 255
    errors = []
    for mirror in (False, True):
        streams = RandomStreams(0, "train_v")
        vision, _ = train_v(replace(settings, mirror=mirror), rollouts, streams)
        errors.append(np.abs(vision.decode(vision.encode(images)) - images).mean())
    assert errors[1] < 0.1 < 0.5 < errors[0]


def test_an_environment_without_left_and_right_has_no_mirror_images(quick):
    vision = Autoencoder.initial(16, 8, 4, np.random.default_rng(0))
    rollouts = rollouts_of(GymnasiumRollouts)
    words = r"mirror: must be false for rollouts of gymnasium, because .*; found True$"
    with pytest.raises(ParamsError, match=rf"^encode\.{words}"):
        encode(replace(quick.encode, mirror=True), rollouts, vision)
    with pytest.raises(ParamsError, match=rf"^train_v\.{words}"):
        train_v(replace(quick.train_v, mirror=True), rollouts, RandomStreams(0, "train_v"))
    for kind in (CarRacingRollouts, DoomRollouts):
        both, _ = encode(replace(quick.encode, mirror=True), rollouts_of(kind), vision)
        assert len(both.lengths) == 6
