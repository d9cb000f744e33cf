"""The vector form of `WorldModels/Racing-v0`: the episodes of single environments, in one array."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics, RescaleObservation

import worldmodels.gym
from worldmodels.envs.racing.track import Track

ID = "WorldModels/Racing-v0"
SMALL = {"view_size": 16, "channels": 1, "max_episode_steps": 30}
ROWS = 4
ROUND = Track(radius=6.0, harmonics=[], half_width=2.5)


def vector(mode=AutoresetMode.NEXT_STEP, num_envs=ROWS, **kwargs):
    return gymnasium.make_vec(ID, num_envs=num_envs, autoreset_mode=mode, **{**SMALL, **kwargs})


def in_turns(mode=AutoresetMode.NEXT_STEP, **kwargs):
    return gymnasium.make_vec(
        ID,
        num_envs=ROWS,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode},
        **{**SMALL, **kwargs},
    )


def actions(steps):
    """Cars of which some leave the road, and others do not."""
    rng = np.random.default_rng(0)
    habits = np.array([[0, 1], [0.15, 0.3], [0.3, 1], [0, 0]])
    return (habits + rng.normal(0, 0.1, (steps, ROWS, 2))).astype(np.float32)


def same(ours, theirs):
    return data_equivalence(ours, theirs, exact=True)


@pytest.mark.parametrize("tracks", ["random", "fixed"])
@pytest.mark.parametrize("mode", AutoresetMode)
def test_episodes_are_those_of_gymnasiums_sync_vector_env(mode, tracks):
    ours, theirs = vector(mode, tracks=tracks), in_turns(mode, tracks=tracks)
    assert same(ours.reset(seed=5), theirs.reset(seed=5))
    ends = {"terminated": 0, "truncated": 0}
    for action in actions(100):
        step = ours.step(action)
        assert same(step, theirs.step(action))
        ends["terminated"] += step[2].sum()
        ends["truncated"] += step[3].sum()
        over = step[2] | step[3]
        if mode is AutoresetMode.DISABLED and over.any():
            again = [envs.reset(options={"reset_mask": over}) for envs in (ours, theirs)]
            assert same(*again)
    assert min(ends.values()) >= 4
    assert ours.np_random_seed == theirs.np_random_seed == (5, 6, 7, 8)
    assert same(ours.reset(), theirs.reset())
    assert same(ours.reset(seed=[3, None, 1, None]), theirs.reset(seed=[3, None, 1, None]))


@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_track_is_asked_for_and_holds_for_one_episode(mode):
    ours, theirs = vector(mode), in_turns(mode)
    for envs in (ours, theirs):
        envs.reset(seed=0)
    mask = np.array([True, False, True, False])
    options = {"track": ROUND, "reset_mask": mask}
    assert same(ours.reset(options=dict(options)), theirs.reset(options=dict(options)))
    assert [track == ROUND for track in ours.tracks] == mask.tolist()
    assert options["reset_mask"] is mask
    if mode is not AutoresetMode.DISABLED:
        for action in actions(32):
            assert same(ours.step(action), theirs.step(action))
        assert ROUND not in ours.tracks


def test_all_episodes_may_end_in_one_step():
    """Their final info is not that of the next episodes."""
    ours, theirs = (
        make(AutoresetMode.SAME_STEP, max_episode_steps=3) for make in (vector, in_turns)
    )
    for envs in (ours, theirs):
        envs.reset(seed=0)
    for action in actions(7):
        assert same(ours.step(action), theirs.step(action))


def test_the_action_of_a_row_that_starts_again_is_ignored():
    envs = vector()
    envs.reset(seed=0)
    ended = np.zeros(ROWS, np.bool_)
    for action in actions(40):
        action[ended] = np.nan
        _, _, terminated, truncated, _ = envs.step(action)
        ended = terminated | truncated
    with pytest.raises(ValueError, match="found NaN for car 0"):
        envs.step(np.full((ROWS, 2), np.nan, np.float32))


@pytest.mark.parametrize("mode", AutoresetMode)
def test_the_mode_is_in_the_metadata_and_may_be_its_name_or_value(mode):
    for given in (mode, mode.name, mode.value):
        assert vector(given).metadata["autoreset_mode"] is mode
    assert vector().metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP  # of the class as before


@pytest.mark.parametrize("mode", ["same", 3, None])
def test_a_mode_that_is_none_is_refused(mode):
    words = "^autoreset_mode must be one of NEXT_STEP, SAME_STEP, DISABLED; found"
    with pytest.raises(ValueError, match=words):
        vector(mode)


def test_observations_are_in_the_space_and_not_written_to_again():
    envs = vector(AutoresetMode.SAME_STEP)
    observations, _ = envs.reset(seed=1)
    assert observations in envs.observation_space
    kept, copies = [observations], [observations.copy()]
    for action in actions(60):
        observations, *_, info = envs.step(action)
        kept.append(observations)
        if "final_obs" in info:
            kept += [each for each in info["final_obs"] if each is not None]
        copies += [each.copy() for each in kept[len(copies) :]]
    for ours, then in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(ours, then)


def test_without_a_limit_a_car_that_stands_is_never_truncated():
    envs = gymnasium.make_vec(ID, num_envs=1, view_size=16, max_episode_steps=-1)
    envs.reset(seed=0)
    assert not any(envs.step(np.zeros((1, 2), np.float32))[3][0] for _ in range(130))
    usual = gymnasium.make_vec(ID, num_envs=1, view_size=16)
    usual.reset(seed=0)
    ends = [usual.step(np.zeros((1, 2), np.float32))[3][0] for _ in range(120)]
    assert ends == [False] * 119 + [True]


def test_gymnasiums_vector_wrappers_work():
    envs = RescaleObservation(RecordEpisodeStatistics(vector()), 0.0, 1.0)
    envs.reset(seed=0)
    lengths = []
    for action in actions(40):
        *_, info = envs.step(action)
        if "episode" in info:
            lengths += info["episode"]["l"][info["_episode"]].tolist()
    assert len(lengths) >= 5
    assert set(lengths) != {30}
    assert max(lengths) == 30


def test_each_row_is_rendered_as_if_it_were_alone():
    ours, theirs = vector(render_mode="rgb_array"), in_turns(render_mode="rgb_array")
    for envs in (ours, theirs):
        envs.reset(seed=0)
        envs.step(actions(1)[0])
    assert same(ours.render(), theirs.render())
    with pytest.warns(UserWarning, match=r"render\(\) does nothing without a render mode"):
        assert vector().render() is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mask": None}, "options of reset must be among 'track', 'reset_mask'; found 'mask'"),
        ("track", "options of reset must be a dictionary; found 'track'"),
        *(
            ({"reset_mask": each}, r"options\['reset_mask'\] must be a NumPy array of 4 booleans")
            for each in (np.zeros(ROWS, bool), np.ones(3, bool), np.ones(ROWS), [True] * ROWS, None)
        ),
    ],
)
def test_an_option_that_is_unknown_or_wrong_is_refused(options, words):
    envs = vector()
    envs.reset()
    with pytest.raises(ValueError, match=f"^{words}"):
        envs.reset(options=options)


@pytest.mark.parametrize("max_episode_steps", [0, -2, 2.5, True, "3"])
def test_a_limit_that_is_not_possible_is_refused(max_episode_steps):
    words = "^max_episode_steps must be an integer of at least 1; found"
    with pytest.raises(ValueError, match=words):
        vector(max_episode_steps=max_episode_steps)


@pytest.mark.parametrize("num_envs", [0, 2.5, True, "3", 17_733])
def test_rows_that_are_not_possible_are_refused(num_envs):
    with pytest.raises(ValueError, match=r"^num_envs must be an integer from 1 to 17732; found"):
        vector(num_envs=num_envs)
    with pytest.raises(ValueError, match=r"^num_envs must be an integer from 1 to 3209"):
        vector(num_envs=3_210, view_reach=24)
    with pytest.raises(
        ValueError, match=r"^num_envs \* view_size\*\*2 \* channels must be at most 1"
    ):
        vector(num_envs=10_000, view_size=512)


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ([1, 2], "there must be a seed for each of 4 rows; found 2"),
        (2.5, "seed must be an integer of at least 0; found 2.5"),
        ("four", "seed must be an integer of at least 0; found 'four'"),
        ([1, 2, -3, None], "a row's seed must be an integer of at least 0; found -3"),
    ],
)
def test_a_seed_that_is_not_possible_is_refused(seed, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        vector().reset(seed=seed)


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(
    "wrong", [0.5, np.zeros((ROWS, 3)), np.zeros((ROWS, 2), complex), np.full((ROWS, 2), "a")]
)
def test_actions_of_another_shape_or_no_real_numbers_are_refused(wrong, ended):
    envs = vector(max_episode_steps=1)
    envs.reset(seed=0)
    if ended:
        envs.step(actions(1)[0])
    with pytest.raises(ValueError, match=r"^actions must be \(4, 2\) numbers, steer and throttle"):
        envs.step(wrong)


def test_an_episode_that_is_not_there_or_over_is_asked_to_be_reset():
    envs = vector(AutoresetMode.DISABLED)
    with pytest.raises(ResetNeeded, match="there are no episodes yet"):
        envs.step(actions(1)[0])
    with pytest.raises(ResetNeeded, match=r"the first reset\(\) has to be of all rows"):
        envs.reset(options={"reset_mask": np.array([True, False, False, False])})
    envs.reset(seed=0)
    still = np.zeros((ROWS, 2), np.float32)
    for _ in range(30):
        envs.step(still)
    with pytest.raises(ResetNeeded, match="the episode of row 0 has ended"):
        envs.step(still)


def test_rows_without_seeds_have_tracks_of_their_own():
    envs = vector()
    envs.reset()
    other = vector()
    other.reset()
    assert len({*envs.tracks, *other.tracks}) == 2 * ROWS
    assert worldmodels.gym.Track() not in envs.tracks
