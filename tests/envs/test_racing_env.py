import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.reference import ReferenceEnv
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import rollout

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "track_rollouts.json").read_text())
OTHER = Track(radius=7.0, harmonics=[(3, 1.1, 0.4)], half_width=1.0)


def near(ours, theirs) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


def unpack(view: str) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bytes.fromhex(view), np.uint8)).reshape(16, 16, 1)


@pytest.mark.parametrize("episodes", [GOLDEN, *([episode] for episode in GOLDEN)])
def test_golden_episodes_are_reproduced_in_one_batch_and_one_by_one(episodes):
    env = RacingEnv(num_envs=len(episodes))
    observations, info = env.reset()
    steps = max(episode["length"] for episode in episodes)
    for t in range(steps + 1):
        for car, episode in enumerate(episodes):
            last = min(t, episode["length"])
            np.testing.assert_array_equal(observations[car], unpack(episode["views"][last]))
            near(info["state"][car], episode["states"][last])
        if t == steps:
            break
        idle = [[0.0, 0.0]]
        actions = [(episode["actions"] + idle * 120)[t] for episode in episodes]
        observations, rewards, terminated, truncated, info = env.step(actions)
        for car, episode in enumerate(episodes):
            ended, ends = t >= episode["length"], t + 1 >= episode["length"]
            near(rewards[car], 0 if ended else episode["rewards"][t])
            step = min(t, episode["length"] - 1)
            near(info["lap_fraction"][car] % 1, episode["s"][step])
            near(info["distance"][car], episode["distances"][step])
            assert terminated[car] == (ends and episode["off_track"])
            assert truncated[car] == (ends and not episode["off_track"])


@pytest.mark.parametrize(
    ("seed", "mean", "std", "length"),
    [
        (0, 4.84, 1.93, 30.8),
        (1, 2.27, None, None),
        (2, 3.18, None, None),
        (3, 2.67, None, None),
        (4, 4.67, None, None),
    ],
)
def test_the_reference_stubs_random_returns_are_reproduced_to_the_last_printed_digit(
    seed, mean, std, length
):
    env, policy = RacingEnv(), SmoothedNoisePolicy(np.random.default_rng(seed))
    episodes = [rollout(env, policy) for _ in range(8)]
    returns = np.array([episode.returns[0] for episode in episodes])
    assert f"{returns.mean():.2f}" == f"{mean:.2f}"
    if std is not None:
        assert f"{returns.std():.2f}" == f"{std:.2f}"
        assert f"{np.mean([episode.lengths[0] for episode in episodes]):.1f}" == f"{length:.1f}"


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([Track(), OTHER]))
def test_a_car_in_a_batch_moves_as_in_the_plain_reference_implementation(seed, track):
    rng = np.random.default_rng(seed)
    actions = rng.uniform((-1.5, -0.9), (1.5, 2.1), (60, 2))
    env, plain = RacingEnv([track], num_envs=1), ReferenceEnv(track)
    np.testing.assert_array_equal(env.reset()[0], plain.reset()[0])
    for action in actions:
        ours, theirs = env.step(action[None]), plain.step(action[None])
        np.testing.assert_array_equal(ours[0], theirs[0])
        near(ours[1], theirs[1])
        assert (ours[2], ours[3]) == (theirs[2], theirs[3])
        for name, value in ours[4].items():
            near(value, theirs[4][name])
        if ours[2] or ours[3]:
            break


def test_cars_on_different_tracks_move_as_if_alone():
    tracks, actions = [Track(), OTHER], np.full((6, 2), 0.3)
    env, alone = RacingEnv(tracks, num_envs=6), [RacingEnv([track]) for track in tracks]
    first = env.reset()[0]
    assert not np.array_equal(first[0], first[1])
    for _ in range(30):
        observations, rewards, *_, info = env.step(actions)
        for number, single in enumerate(alone):
            own, reward, *_, state = single.step(actions[:1])
            for car in range(number, len(observations), 2):
                np.testing.assert_array_equal(observations[car], own[0])
                assert rewards[car] == pytest.approx(reward[0], abs=1e-12)
                near(info["state"][car], state["state"][0])


def test_a_row_that_has_ended_keeps_its_state_without_reward():
    env = RacingEnv(num_envs=2, max_steps=40)
    env.reset()
    actions = np.array([[0.0, 1.0], [0.0, 0.0]])  # car 0 leaves the road, car 1 does not move
    for _ in range(25):
        *_, terminated, truncated, info = env.step(actions)
    assert terminated.tolist() == [True, False]
    after = env.step(np.ones((2, 2)))
    assert after[1][0] == 0
    np.testing.assert_array_equal(after[4]["state"][0], info["state"][0])
    assert after[2].tolist() == [True, False]
    for _ in range(20):
        *_, terminated, truncated, _ = env.step(actions)
    assert (terminated.tolist(), truncated.tolist()) == ([True, False], [False, True])


def test_kept_rows_continue_unchanged():
    whole, part = RacingEnv(num_envs=4), RacingEnv(num_envs=4)
    actions = np.linspace(-0.2, 0.4, 8).reshape(4, 2)
    rows = np.array([0, 3])
    for env in (whole, part):
        env.reset()
        env.step(actions)
    part.keep(rows)
    ours, theirs = part.step(actions[rows]), whole.step(actions)
    for mine, other in zip(ours[:4], theirs[:4], strict=True):
        np.testing.assert_array_equal(mine, other[rows])
    assert part.reset()[0].shape == (4, 16, 16, 1)


def test_it_has_the_vector_api_of_gymnasium():
    observations, info = RacingEnv(num_envs=3).reset(seed=7)
    assert (observations.shape, observations.dtype) == ((3, 16, 16, 1), np.float32)
    assert info["state"].shape == (3, 4)
    assert info["distance"].shape == info["lap_fraction"].shape == (3,)


def test_returned_arrays_never_change_afterwards():
    env = RacingEnv()
    _, before = env.reset()
    kept = {name: value.copy() for name, value in before.items()}
    env.step([[0.3, 1.0]])
    for name, value in kept.items():
        np.testing.assert_array_equal(before[name], value)


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (np.zeros(2), r"shape \(2, 2\).*found \(2,\)"),
        (np.zeros((3, 2)), r"shape \(2, 2\).*found \(3, 2\)"),
        ([[0, 0], [0, np.nan]], "NaN for car 1, throttle"),
    ],
)
def test_invalid_actions_are_refused(actions, words):
    with pytest.raises(ValueError, match=words):
        RacingEnv(num_envs=2).step(actions)


def test_actions_out_of_range_are_clipped():
    wild, tame = RacingEnv(num_envs=1), RacingEnv(num_envs=1)
    for _ in range(5):
        ours = wild.step([[np.inf, 7.0]])
        theirs = tame.step([[1.0, 1.0]])
        np.testing.assert_array_equal(ours[4]["state"], theirs[4]["state"])


@pytest.mark.parametrize("size", [16, 32, 64])
def test_an_rgb_observation_shows_the_same_road(size):
    grey, colour = (RacingEnv([OTHER], 3, view_size=size, channels=c) for c in (1, 3))
    grey.reset()
    seen = colour.reset()[0]
    assert seen.shape == (3, size, size, 3)
    road = np.array([102, 102, 102]) / 255
    for _ in range(12):
        plain, *_ = grey.step(np.tile([0.2, 1.0], (3, 1)))
        seen, *_ = colour.step(np.tile([0.2, 1.0], (3, 1)))
        np.testing.assert_array_equal(to_pixels(to_bytes(seen)), seen)
        line = seen.min(axis=3) == 1
        asphalt = np.abs(seen - road).max(axis=3) < 1e-6
        np.testing.assert_array_equal(line | asphalt, plain[..., 0] == 1)
        assert line.any()
        assert len(np.unique(seen[~(line | asphalt)], axis=0)) == 2  # two greens
    assert not np.array_equal(seen, np.flip(seen, axis=2))


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="1 or 3 channels, not 16 x 16 and 2"):
        RacingEnv(channels=2)
    with pytest.raises(ValueError, match="at least one track, row and step"):
        RacingEnv(num_envs=0)
    with pytest.raises(ValueError, match="share samples, grid and extent"):
        RacingEnv([Track(), Track(grid=100)], num_envs=2)
    with pytest.raises(
        ValueError, match=r"view of 1000.0 world units, must have at most 2147483647"
    ):
        RacingEnv([Track()] * 200, view_reach=1000.0)
