"""The random policies that collect, the tracks of their episodes, and the recorded tables."""

import msgspec
import numpy as np
import pytest

from stages.collect import collect, collect_parts
from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.envs.racing.task import WEIGHT_PRIOR, RacingTask
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Rollouts
from worldmodels.policies.random_weights import RandomWeightsPolicy, coarsened
from worldmodels.rollout.task import no_shaping

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def unseen(reference):
    return replace(reference.env, tracks="random")


def test_an_observation_is_coarsened_to_the_means_of_cells_less_their_mean():
    observation = np.zeros((1, 16, 16, 1))
    observation[0, :4, 4:8] = 1  # one whole cell
    expected = np.full(16, -1 / 16)
    expected[1] += 1
    np.testing.assert_allclose(coarsened(observation)[0], expected)
    assert coarsened(np.ones((2, 64, 64, 3))).shape == (2, 48)


def test_every_row_has_random_weights_of_its_own_whichever_other_rows_remain():
    observations = np.random.default_rng(1).random((3, 16, 16, 1))

    def actions(rows: list[int]) -> np.ndarray:
        policy = RandomWeightsPolicy((16, 16, 1), WEIGHT_PRIOR, np.random.default_rng(5))
        policy.reset(3)
        policy.act(observations)
        policy.keep(np.array(rows))
        return policy.act(observations[rows])

    whole = actions([0, 1, 2])
    np.testing.assert_array_equal(whole[[0, 2]], actions([0, 2]))
    assert np.abs(whole).max() < 1
    assert np.unique(whole, axis=0).shape == (3, 2)


def test_random_weights_reach_high_speeds_and_noise_does_not(reference, unseen):
    shares = {}
    for policy in ("noise", "random_weights"):
        settings = replace(reference.collect, policy=policy, episodes=280, held_out_episodes=20)
        table, result = collect(settings, make_task(unseen), RandomStreams(0, "collect"))
        shares[policy] = (table.states[:, 3] > 1.2).mean()
        assert result.details["share_above_90"] == pytest.approx(
            np.mean([table.episode(number).total_reward > 90 for number in range(300)])
        )
    assert shares["noise"] < 0.001
    assert shares["random_weights"] > 0.02
    assert result.details["share_above_90"] > 0.005


def test_every_episode_has_a_track_of_its_own_which_the_file_stores(reference, unseen, tmp_path):
    batch = RacingTask.max_envs
    episodes = batch + 5  # in two batches
    settings = replace(reference.collect, episodes=episodes, held_out_episodes=1)
    table, _ = collect(settings, make_task(unseen), RandomStreams(0, "collect"))
    table.write(tmp_path / "r.h5")
    table = Rollouts.read(tmp_path / "r.h5")
    tracks = make_task(unseen).sample_tracks(episodes + 1, RandomStreams(0, "collect")("tracks"))
    assert len(np.unique(table.half_width)) == episodes + 1
    for number in (0, batch - 1, batch, episodes):
        track, episode = stored_track(table, number), table.episode(number)
        np.testing.assert_array_equal(track.centreline, tracks[number].centreline)
        np.testing.assert_array_equal(episode.states[0, :2], track.centreline[0])
        apart = episode.states[:, None, :2] - track.centreline
        distance = np.sqrt(np.square(apart).sum(axis=2)).min(axis=1)
        np.testing.assert_allclose(episode.distances, distance, atol=1e-9)


def test_episodes_are_appended_some_at_a_time(reference, unseen, monkeypatch):
    settings = replace(reference.collect, episodes=20, held_out_episodes=3)
    episode = (unseen.max_steps + 1) * 16 * 16  # bytes of the observations of a full episode
    monkeypatch.setattr("worldmodels.rollout.recording.MAX_BATCH_BYTES", 8 * episode)
    parts: list[Rollouts] = []
    task = make_task(unseen)
    result = collect_parts(settings, task, RandomStreams(0, "collect"), parts.append)
    assert [len(part.lengths) for part in parts] == [8, 8, 7]
    assert [part.held_out.sum() for part in parts] == [0, 0, 3]
    whole, again = collect(settings, task, RandomStreams(0, "collect"))
    assert result == again
    np.testing.assert_array_equal(whole.states, np.concatenate([part.states for part in parts]))


def test_the_reference_recipe_has_one_track_for_all_episodes(reference):
    first, second = (
        make_task(reference.env).sample_tracks(5, np.random.default_rng(s)) for s in (0, 1)
    )
    assert len(first) == 1
    np.testing.assert_array_equal(first[0].mask, second[0].mask)


def test_every_seed_stage_and_purpose_draws_other_tracks(unseen):
    lengths = [
        track.length
        for seed in (0, 1)
        for stage, purpose in (
            ("collect", "tracks"),
            ("evolve_c", "tracks"),
            ("evolve_c", "validation tracks"),
            ("evolve_c", "random tracks"),
            ("evaluate", "tracks"),
        )
        for track in make_task(unseen).sample_tracks(20, RandomStreams(seed, stage)(purpose))
    ]
    assert len(set(lengths)) == len(lengths) == 200


def test_ranges_without_a_valid_track_are_refused_by_their_keys(unseen):
    ranges = replace(unseen.random_tracks, radius=(11.0, 11.0))
    env = replace(unseen, random_tracks=ranges)
    with pytest.raises(ParamsError, match=r"^env\.random_tracks\.radius, .*: none of 100 tr"):
        make_task(env).sample_tracks(1, np.random.default_rng(0))


def test_shaped_rewards_are_recorded_and_returns_stay_as_they_are(reference):
    class SpeedTask(RacingTask):
        """The speed of the car is worth something."""

        def shaping(self, stats, trajectories):
            return no_shaping(stats)._replace(potential=trajectories.info["state"][:, 3])

    settings = replace(reference.collect, episodes=3, held_out_episodes=1)
    plain, shaped = (
        collect(each, SpeedTask(reference.env), RandomStreams(0, "collect"))
        for each in (settings, replace(settings, shaped_rewards=True))
    )
    speed = np.delete(np.diff(plain[0].states[:, 3]), plain[0].first_frame[1:-1] - 1)
    assert np.abs(speed).max() > 0.01
    np.testing.assert_allclose(shaped[0].rewards, plain[0].rewards + speed, atol=1e-12)
    assert shaped[1].details == plain[1].details
