"""The policies that collect, and what is recorded of them."""

import msgspec
import numpy as np
import pytest

from stages.collect import collect, collect_parts
from worldmodels.envs.racing.stored_track import stored_track
from worldmodels.envs.racing.task import RacingTask
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Rollouts
from worldmodels.policies.random_weights import RACING, RandomWeightsPolicy, coarsened

AT_ONCE = RacingTask.max_envs
replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def unseen(reference):
    return replace(reference.env, tracks="random")


def test_a_picture_is_coarsened_to_the_means_of_cells_around_zero():
    picture = np.zeros((1, 16, 16, 1))
    picture[0, :4, 4:8] = 1  # one whole cell
    expected = np.full(16, -1 / 16)
    expected[1] += 1
    np.testing.assert_allclose(coarsened(picture)[0], expected)
    assert coarsened(np.ones((2, 64, 64, 3))).shape == (2, 48)


def test_random_weights_drive_in_a_way_of_their_own_and_one_car_alone_as_in_a_batch():
    seen = np.random.default_rng(1).random((3, 16, 16, 1))

    def actions(rows: list[int]) -> np.ndarray:
        policy = RandomWeightsPolicy((16, 16, 1), RACING, np.random.default_rng(5))
        policy.reset(3)
        policy.act(seen)
        policy.keep(np.array(rows))
        return policy.act(seen[rows])

    whole = actions([0, 1, 2])
    np.testing.assert_array_equal(whole[[0, 2]], actions([0, 2]))
    assert np.abs(whole).max() < 1
    assert np.unique(whole, axis=0).shape == (3, 2)


def test_random_weights_cover_fast_driving_and_noise_does_not(reference, unseen):
    shares = {}
    for policy in ("noise", "random_weights"):
        settings = replace(reference.collect, policy=policy, episodes=280, held_out_episodes=20)
        table, report = collect(settings, unseen, RandomStreams(0, "collect"))
        shares[policy] = (table.states[:, 3] > 1.2).mean()
        assert report.metrics["share_above_90"] == pytest.approx(
            np.mean([table.episode(e).score > 90 for e in range(300)])
        )
    assert shares["noise"] < 0.001
    assert shares["random_weights"] > 0.02
    assert report.metrics["share_above_90"] > 0.005


def test_every_episode_has_a_road_of_its_own_which_the_file_remembers(reference, unseen, tmp_path):
    episodes = AT_ONCE + 5  # in two batches
    settings = replace(reference.collect, episodes=episodes, held_out_episodes=1)
    table, _ = collect(settings, unseen, RandomStreams(0, "collect"))
    table.write(tmp_path / "r.h5")
    table = Rollouts.read(tmp_path / "r.h5")
    drawn = make_task(unseen).sample_tracks(episodes + 1, RandomStreams(0, "collect")("tracks"))
    assert len(np.unique(table.half_width)) == episodes + 1
    for number in (0, AT_ONCE - 1, AT_ONCE, episodes):
        track, episode = stored_track(table, number), table.episode(number)
        np.testing.assert_array_equal(track.centreline, drawn[number].centreline)
        np.testing.assert_array_equal(episode.states[0, :2], track.centreline[0])
        apart = episode.states[:, None, :2] - track.centreline
        distance = np.sqrt(np.square(apart).sum(axis=2)).min(axis=1)
        np.testing.assert_allclose(episode.distances, distance, atol=1e-9)


def test_episodes_are_handed_on_some_at_a_time(reference, unseen, monkeypatch):
    settings = replace(reference.collect, episodes=20, held_out_episodes=3)
    episode = (unseen.max_steps + 1) * 16 * 16  # bytes of its pictures, if it is driven to the end
    monkeypatch.setattr("stages.recording.PICTURE_BYTES", 8 * episode)
    parts: list[Rollouts] = []
    report = collect_parts(settings, unseen, RandomStreams(0, "collect"), parts.append)
    assert [len(part.lengths) for part in parts] == [8, 8, 7]
    assert [part.held_out.sum() for part in parts] == [0, 0, 3]
    whole, again = collect(settings, unseen, RandomStreams(0, "collect"))
    assert report == again
    np.testing.assert_array_equal(whole.states, np.concatenate([part.states for part in parts]))


def test_the_note_has_one_road_for_all(reference):
    first, second = (
        make_task(reference.env).sample_tracks(5, np.random.default_rng(s)) for s in (0, 1)
    )
    assert len(first) == 1
    np.testing.assert_array_equal(first[0].mask, second[0].mask)


def test_streams_draw_other_roads(unseen):
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


def test_ranges_that_hold_no_road_are_refused_by_their_keys(unseen):
    env = replace(unseen, random=replace(unseen.random, radius=(11.0, 11.0)))
    with pytest.raises(ParamsError, match=r"^world\.random\.radius, .*: none of 100 roads"):
        make_task(env).sample_tracks(1, np.random.default_rng(0))
