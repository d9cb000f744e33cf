"""`WorldModels/Racing-v0`: one car, by Gymnasium's rules."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit, TransformObservation

import worldmodels.gym
from tests.support.project import ROOT
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.gym.rendering import track_picture, with_car
from worldmodels.gym.tracks import HALF_WIDTH, HARMONICS, RADIUS
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.storage.pixels import to_bytes

ID = "WorldModels/Racing-v0"
STRAIGHT = np.array([0, 1], np.float32)
OTHER = Track(radius=6.0, harmonics=[], half_width=2.5)


@pytest.fixture
def make():
    """Makes environments, which are closed at the end."""
    made = []

    def make(**kwargs):
        made.append(gymnasium.make(ID, **kwargs))
        return made[-1]

    yield make
    for env in made:
        env.close()


def episode(env, seed=None, actions=(STRAIGHT,) * 15):
    steps = [env.reset(seed=seed)]
    return steps + [env.step(action) for action in actions]


@pytest.mark.parametrize("kwargs", [{}, {"tracks": "fixed", "view_size": 16, "channels": 1}])
def test_gymnasiums_checker_finds_nothing(make, monkeypatch, kwargs):
    pytest.importorskip("pygame", reason="opens a window")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    check_env(make(**kwargs).unwrapped)


def test_observations_are_what_the_racing_environment_gives_in_bytes(make):
    env = make(tracks="fixed", view_size=32)
    ours = RacingEnv(view_size=32, channels=3)
    observation, info = env.reset()
    expected, state = ours.reset()
    for _ in range(10):
        np.testing.assert_array_equal(observation, to_bytes(expected[0]))
        np.testing.assert_array_equal(info["state"], state["state"][0])
        observation, reward, terminated, truncated, info = env.step(STRAIGHT)
        expected, rewards, done, _, state = ours.step(STRAIGHT[None])
        assert (reward, terminated, truncated) == (rewards[0], done[0], False)
    assert observation.shape == (32, 32, 3)


def test_the_same_seed_is_the_same_episode_and_none_a_new_one(make):
    env = make()
    first, second = episode(env, seed=7), episode(env)
    assert data_equivalence(first, episode(env, seed=7), exact=True)
    assert data_equivalence(second, episode(env), exact=True)
    assert data_equivalence(first, episode(make(), seed=7), exact=True)
    tracks = {env.unwrapped.track}
    for seed in (None, None, 8):
        env.reset(seed=seed)
        tracks.add(env.unwrapped.track)
    assert len(tracks) == 4
    make_twice = [make(), make()]
    for each in make_twice:
        each.reset()
    assert make_twice[0].unwrapped.track != make_twice[1].unwrapped.track


def test_random_tracks_are_from_the_ranges_of_params_yaml_and_the_fixed_one_is_the_stubs(make):
    ranges = read_params(ROOT / "params.yaml").env.random_tracks
    harmonics = tuple((term.order, term.amplitude) for term in ranges.harmonics)
    assert (ranges.radius, harmonics, ranges.half_width) == (RADIUS, HARMONICS, HALF_WIDTH)
    env = make(tracks="fixed")
    for _ in range(2):
        env.reset()
        assert env.unwrapped.track == Track()


@pytest.mark.parametrize("tracks", ["random", "fixed"])
def test_an_option_is_a_track_for_one_episode(make, tracks):
    env = make(view_size=16, tracks=tracks)
    for _ in range(2):
        observation, _ = env.reset(options={"track": OTHER})
        assert env.unwrapped.track == OTHER
        expected = RacingEnv([OTHER], view_size=16, channels=3).reset()[0][0]
        np.testing.assert_array_equal(observation, to_bytes(expected))
    env.reset()
    assert env.unwrapped.track != OTHER


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tarck": OTHER}, "options of reset must be among 'track'; found 'tarck'"),
        ([OTHER], "options of reset must be a dictionary; found"),
        ({"track": 3}, r"options\['track'\] must be a worldmodels.gym.Track; found 3"),
        ({"track": Track(grid=100)}, r"options\['track'\] must have 256 samples, a grid of 200"),
    ],
)
def test_an_option_that_is_unknown_or_wrong_is_refused(make, options, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        make().reset(options=options)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"tracks": "many"}, "tracks must be 'random' or 'fixed'; found 'many'"),
        ({"tracks": None}, "tracks must be 'random' or 'fixed'; found None"),
        ({"tracks": np.array(["fixed"] * 2)}, "tracks must be 'random' or 'fixed'; found array"),
        *(({"channels": each}, "channels must be 1 or 3; found ") for each in (2, 1.0, True, "3")),
        *(
            ({"view_size": each}, "view_size must be an integer from 2 to 512; found ")
            for each in (1, 16.0, "64", 10**5, True, None)
        ),
        *(
            ({"view_reach": each}, "view_reach must be a number from 1e-09 to 24; found ")
            for each in (0, -1, np.nan, np.inf, 1e9, 24.1, True, "4", 10**400)
        ),
    ],
)
def test_an_argument_that_is_not_possible_is_refused(make, kwargs, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        make(**kwargs)
    with pytest.raises(ValueError, match=f"^{words}"):
        gymnasium.make_vec(ID, **kwargs)


@pytest.mark.parametrize("kwargs", [{"view_size": 2}, {"view_size": 512}, {"view_reach": 24}])
def test_the_ends_of_the_ranges_are_possible(make, kwargs):
    env = make(**kwargs, tracks="fixed")
    observation, _ = env.reset()
    assert observation in env.observation_space
    assert len(np.unique(observation)) > 1


@pytest.mark.parametrize(
    "action", [0.5, [0.1], [0, 0, 0], [[0, 0]], [1j, 0], ["a", "b"], [None, 0], [[1], [1, 2]]]
)
def test_an_action_of_another_shape_or_no_real_numbers_is_refused(make, action):
    env = make().unwrapped
    env.reset()
    words = "^an action must be two numbers, steer and throttle; found"
    with pytest.raises(ValueError, match=words):
        env.step(action)
    with pytest.raises(ValueError, match="found NaN for car 0, throttle"):
        env.step([0, np.nan])


def test_off_the_road_terminates_and_the_time_limit_truncates(make):
    env = make(view_size=16, tracks="fixed")
    *_, (_, _, terminated, truncated, _) = episode(env, actions=[STRAIGHT] * 25)
    assert (terminated, truncated) == (True, False)
    env.reset()
    ends = [env.step(np.zeros(2, np.float32))[2:4] for _ in range(120)]
    assert ends == [(False, False)] * 119 + [(False, True)]
    short = TimeLimit(make(view_size=16, max_episode_steps=-1), 5)
    assert episode(short, actions=[STRAIGHT] * 5)[-1][2:4] == (False, True)


def test_gymnasiums_wrappers_work(make):
    env = RecordEpisodeStatistics(make(max_episode_steps=4))
    space = gymnasium.spaces.Box(0, 1, (64, 64, 3), np.float32)
    env = TransformObservation(env, lambda image: (image / 255).astype(np.float32), space)
    steps = episode(env, seed=1, actions=[STRAIGHT] * 4)
    assert steps[0][0] in space
    statistics = steps[-1][4]["episode"]
    assert statistics["l"] == 4
    assert statistics["r"] == pytest.approx(sum(step[1] for step in steps[1:]))


def test_before_the_first_reset_a_sentence_asks_for_it():
    env = gymnasium.make(ID, render_mode="rgb_array", disable_env_checker=True).unwrapped
    for use in (env.render, lambda: env.step(STRAIGHT), lambda: env.track):
        with pytest.raises(ResetNeeded, match=r"call reset\(\) first"):
            use()


def test_the_picture_shows_the_car_where_it_is(make):
    env = make(render_mode="rgb_array", tracks="fixed")
    env.reset()
    pictures = [env.render()]
    for _ in range(8):
        *_, info = env.step(STRAIGHT)
    pictures.append(env.render())
    assert pictures[0].shape == (600, 600, 3)
    for picture, (x, y) in zip(pictures, (Track().centreline[0], info["state"][:2]), strict=True):
        row, column = np.argwhere((picture == (204, 0, 0)).all(axis=2)).mean(axis=0)
        assert (column / 25 - 12, 12 - row / 25) == pytest.approx((x, y), abs=0.25)
    for x, y in Track().centreline[::8]:
        colour = pictures[1][int((12 - y) * 25), int((x + 12) * 25)]
        assert colour.tolist() in ([102, 102, 102], [204, 0, 0], [40, 40, 40])


def test_the_picture_is_of_the_present_track(make):
    env, other = make(render_mode="rgb_array"), make(render_mode="rgb_array")
    for each, seeds in ((env, (0, 1)), (other, (1,))):
        for seed in seeds:
            each.reset(seed=seed)
            picture = each.render()
    np.testing.assert_array_equal(env.render(), picture)


@pytest.mark.parametrize("x", [-12, 12])
@pytest.mark.parametrize("y", [-12, 12])
def test_of_a_car_at_the_edge_of_the_picture_a_part_is_drawn_and_of_one_beyond_none(x, y):
    background = track_picture(Track())
    changed = np.argwhere((with_car(background, Track(), x, y, 0.3) != background).any(axis=2))
    near = np.array([0 if y > 0 else 599, 0 if x < 0 else 599])
    assert len(changed) > 20
    assert np.abs(changed - near).max() < 20
    np.testing.assert_array_equal(with_car(background, Track(), 2 * x, y, 0.3), background)
    np.testing.assert_array_equal(with_car(background, Track(), x, 2 * y, 0.3), background)


def test_without_a_render_mode_render_warns_and_an_unknown_one_is_refused(make):
    env = make().unwrapped
    env.reset()
    with pytest.warns(UserWarning, match=r"render\(\) does nothing without a render mode"):
        assert env.render() is None
    for mode in ("ansi", 3, np.array(["human"] * 2)):
        words = "^render_mode must be None or one of 'human', 'rgb_array'; found"
        with pytest.raises(ValueError, match=words):
            type(env)(render_mode=mode)


def test_the_window_shows_what_is_rendered(make, monkeypatch):
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    human, array = make(render_mode="human"), make(render_mode="rgb_array")
    for env in (human, array):
        episode(env, seed=2, actions=[STRAIGHT] * 3)
    assert human.render() is None
    shown = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
    np.testing.assert_array_equal(shown, array.render())
    human.close()
    assert not pygame.display.get_init()
    human.close()


def test_the_track_is_a_public_name():
    assert worldmodels.gym.Track is Track
