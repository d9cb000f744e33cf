"""The real CarRacing: our lazily drawn one against Gymnasium's own, and EnvPool's beside it."""

import subprocess
import sys

import numpy as np
import pytest

from worldmodels.envs.carracing.area_resize import AreaResize
from worldmodels.envs.carracing.env import CarRacingEnv
from worldmodels.envs.carracing.envpool import EnvPoolCarRacing
from worldmodels.envs.carracing.optional_imports import extra
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import recorded_rollout, rollout

WHY = "needs requirements-carracing.txt"
pytest.importorskip("gymnasium", reason=WHY)
pytest.importorskip("Box2D", reason=WHY)
pytest.importorskip("pygame", reason=WHY)
gymnasiums = pytest.importorskip("gymnasium.envs.box2d.car_racing", reason=WHY)


def envpool(*arguments, **more):
    pytest.importorskip("envpool", reason=WHY)
    return EnvPoolCarRacing(*arguments, **more)


both = pytest.mark.parametrize("make", [CarRacingEnv, envpool])
STRAIGHT = [0.0, 0.2]
CIRCLING = [1.0, 0.3]
AWAY = [0.0, 0.4]  # straight on, beyond the playfield in 72 steps


def slalom(step: int, gas: float) -> list[float]:
    return [0.4 * np.sin(step / 5), gas if step < 15 or step % 3 else -0.3]


@pytest.mark.parametrize(("seed", "gas"), [(0, 0.1), (1, 0.3), (2, 0.6)])
def test_pictures_rewards_and_ends_are_gymnasiums_to_the_last_byte(seed, gas):
    theirs, ours = gymnasiums.CarRacingEnv(), CarRacingEnv([seed])
    seen, _ = theirs.reset(seed=seed)
    np.testing.assert_array_equal(ours.pictures()[0], seen[:84])
    for step in range(50):  # the first 12 or so while the camera comes down
        steer, pedal = slalom(step, gas)
        command = np.array([steer, max(pedal, 0), max(-pedal, 0)], np.float32)
        frames = [theirs.step(command) for _ in range(4)]
        _, rewards, terminated, truncated, info = ours.step([[steer, pedal]])
        np.testing.assert_array_equal(ours.pictures()[0], frames[-1][0][:84])
        assert rewards[0] == sum(frame[1] for frame in frames)
        assert [frames[-1][2], terminated[0], truncated[0]] == [False, False, False]
        assert info["laps"][0] == theirs.tile_visited_count / len(theirs.track)
        np.testing.assert_array_equal(info["state"][0, :2], theirs.car.hull.position)
    assert 2 < theirs.tile_visited_count < len(theirs.track)
    shown = ours.big_picture()
    theirs.render_mode = "rgb_array"
    np.testing.assert_array_equal(shown, theirs.render())
    assert shown.shape == (400, 600, 3)


def test_the_edge_of_the_world_looks_as_gymnasium_has_it_and_is_where_a_car_is_lost():
    theirs, ours = gymnasiums.CarRacingEnv(), CarRacingEnv([3])
    theirs.reset(seed=3)
    command = np.array([0, 0.4, 0], np.float32)
    for _ in range(100):
        total = 0.0
        for _ in range(4):
            seen, reward, over, _, info = theirs.step(command)
            total += reward
            if over:
                break
        _, rewards, terminated, truncated, ours_info = ours.step([AWAY])
        assert rewards[0] == total
        assert (terminated[0], truncated[0]) == (over, False)
        if max(abs(theirs.car.hull.position[0]), abs(theirs.car.hull.position[1])) > 270:
            np.testing.assert_array_equal(ours.pictures()[0], seen[:84])
        if over:
            break
    assert not info["lap_finished"]
    assert not ours_info["finished"][0]
    assert rewards[0] < -99


def test_a_car_starts_on_tile_0_so_that_only_all_tiles_make_a_lap():
    env = CarRacingEnv([4])
    (simulator,) = env._simulators
    assert simulator.road[0].road_visited
    for tile in simulator.road[3:]:  # as if they had been driven over
        tile.road_visited = True
        simulator.tile_visited_count += 1
    *_, truncated, info = env.step([[0, 0]])
    assert 0.95 < info["laps"][0] < 1
    assert not truncated[0]
    for _ in range(50):
        _, rewards, terminated, truncated, info = env.step([STRAIGHT])
        if truncated[0]:
            break
    assert (info["laps"][0], info["finished"][0], terminated[0]) == (1, True, False)
    assert rewards[0] == pytest.approx(1000 / len(simulator.track), abs=0.5)
    _, rewards, _, truncated, again = env.step([STRAIGHT])
    assert (rewards[0], truncated[0], again["finished"][0]) == (0, True, True)
    np.testing.assert_array_equal(again["state"], info["state"])


def test_envpools_laps_are_counted_from_its_rewards():
    env = envpool([1], num_envs=2)
    last = np.array([1000 / 3, 1000 / 3]) - 0.1  # one of three tiles

    class Pool:
        """Answers in an order of its own: car 1 is lost at last, car 0 makes the lap."""

        rewards = iter([last, last, [last[0], -100]])

        def step(self, commands, cars):
            rewards = np.array(next(self.rewards), np.float32)
            over = np.array([rewards[1] < 0] * 2)
            seen = cars[:, None, None, None] * np.ones((96, 96, 3), np.uint8)
            return seen[::-1], rewards[::-1], over, ~over & over, {"env_id": cars[::-1]}

    env._pool = Pool()
    env.frame_skip = 3
    observations, rewards, terminated, truncated, info = env.step([STRAIGHT] * 2)
    assert info["laps"].tolist() == [1, 0.6667]
    assert (terminated.tolist(), truncated.tolist()) == ([False, True], [True, False])
    assert info["finished"].tolist() == [True, False]
    assert rewards == pytest.approx([999.7, 2000 / 3 - 100.2], abs=1e-3)
    assert observations[0].max() == 0
    assert observations[1].max() == np.float32(1 / 255)


@both
def test_the_signature_is_gymnasiums(make):
    env = make([7, 8], num_envs=3)
    observations, info = env.reset(seed=1)
    assert (observations.shape, observations.dtype) == ((3, 28, 32, 3), np.float32)
    assert env.observation_shape == (28, 32, 3)
    np.testing.assert_array_equal(observations[0], observations[2])
    assert not np.array_equal(observations[0], observations[1])
    for _ in range(20):
        observations, rewards, terminated, truncated, info = env.step([STRAIGHT] * 3)
        np.testing.assert_array_equal(to_pixels(to_bytes(observations)), observations)
    assert (rewards.dtype, terminated.dtype, truncated.dtype) == (np.float64, np.bool_, np.bool_)
    assert info["laps"].dtype == np.float64
    assert (info["laps"] > 0.01).all()
    assert info["laps"][0] == info["laps"][2]
    assert not info["finished"].any()
    assert make([7], view=(64, 64)).reset()[0].shape == (1, 64, 64, 3)


@both
def test_the_same_tracks_give_the_same_episodes_again(make):
    env = make([5, 6], num_envs=2, max_steps=30)
    drives = [
        recorded_rollout(env, SmoothedNoisePolicy(np.random.default_rng(0)), "drive")
        for _ in range(2)
    ]
    (first, seen), (second, again) = drives
    np.testing.assert_array_equal(first.returns, second.returns)
    np.testing.assert_array_equal(seen.observations, again.observations)
    assert len(seen.observations) == 2 * 31
    assert first.lengths.tolist() == [30, 30]
    assert not first.terminated.any()


@both
def test_a_lost_car_stands_still_and_earns_nothing_and_the_others_go_on(make):
    env = make([1], num_envs=2, max_steps=100)
    driving = [AWAY, [0.0, 0.0]]
    for _ in range(71):
        assert not env.step(driving)[2].any()
    observations, rewards, terminated, truncated, info = env.step(driving)
    assert -100.4 < rewards[0] < -99
    assert (terminated.tolist(), truncated.tolist()) == ([True, False], [False, False])
    assert not info["finished"].any()
    laps = info["laps"][0]
    for _ in range(28):
        again, rewards, terminated, truncated, info = env.step(driving)
        assert rewards[0] == 0
        np.testing.assert_array_equal(again[0], observations[0])
        assert terminated.tolist() == [True, False]
    assert truncated.tolist() == [False, True]
    assert info["laps"][0] == laps
    assert env.step(driving)[1].tolist() == [0, 0]


@both
def test_cars_that_are_kept_go_on_as_if_nothing_had_happened(make):
    whole, part = make([1, 2], num_envs=4), make([1, 2], num_envs=4)
    actions = np.array([STRAIGHT, CIRCLING, CIRCLING, [-0.3, 0.4]])
    rows = np.array([3, 1])
    for _ in range(15):
        whole.step(actions)
        part.step(actions)
    part.keep(rows)
    for _ in range(3):
        ours, theirs = part.step(actions[rows]), whole.step(actions)
    for mine, other in zip(ours[:4], theirs[:4], strict=True):
        np.testing.assert_array_equal(mine, other[rows])
    for name, value in ours[4].items():
        np.testing.assert_array_equal(value, theirs[4][name][rows])
    np.testing.assert_array_equal(part.pictures(), whole.pictures()[rows])
    assert part.reset()[0].shape == (4, 28, 32, 3)


def test_rollouts_drop_cars_that_are_done():
    class Straight(SmoothedNoisePolicy):
        def act(self, observations):
            return np.array([AWAY] * len(observations))

    outcome = rollout(CarRacingEnv([1, 2, 3], num_envs=3), Straight(np.random.default_rng(0)))
    assert outcome.terminated.all()
    assert (outcome.lengths < 100).all()


@both
def test_what_a_world_has_given_out_never_changes_afterwards(make):
    env = make([1])
    observations, info = env.reset()
    kept, before = observations.copy(), {name: value.copy() for name, value in info.items()}
    _, _, terminated, *_ = env.step([STRAIGHT])
    np.testing.assert_array_equal(observations, kept)
    for name, value in before.items():
        np.testing.assert_array_equal(info[name], value)
    assert not np.shares_memory(terminated, env.step([STRAIGHT])[2])


@both
@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (np.zeros(2), r"shape \(2, 2\).*found \(2,\)"),
        (np.zeros((3, 2)), r"shape \(2, 2\).*found \(3, 2\)"),
        ([[0, 0], [0, np.nan]], "NaN for car 1, pedal"),
    ],
)
def test_actions_that_are_none_are_refused_in_words(make, actions, words):
    with pytest.raises(ValueError, match=words):
        make([1], num_envs=2).step(actions)


@both
def test_actions_out_of_range_are_clipped(make):
    wild, tame = make([1]), make([1])
    for _ in range(5):
        ours = wild.step([[np.inf, -7.0]])
        theirs = tame.step([[1.0, -1.0]])
        np.testing.assert_array_equal(ours[0], theirs[0])


def test_steering_is_to_the_right_and_the_pedal_brakes_below_0():
    env = CarRacingEnv([1], num_envs=3)
    for _ in range(25):
        *_, info = env.step([[0.0, 0.3], [0.3, 0.3], [0.0, 0.3]])
    straight, right, braking = info["state"]
    assert right[2] < straight[2]  # angles grow to the left
    ahead = [np.cos(straight[2]), np.sin(straight[2])]
    for _ in range(5):
        *_, after = env.step([[0.0, 0.0], [0.0, 0.0], [0.0, -1.0]])
    assert (after["state"][0, :2] - straight[:2]) @ ahead > 1
    assert after["state"][2, 3] < 0.5 * after["state"][0, 3]
    assert braking[3] == straight[3]


@pytest.mark.parametrize("view", [(28, 32), (64, 64), (5, 7), (84, 96)])
def test_a_view_is_the_mean_over_the_area_that_each_pixel_covers(view):
    pictures = np.random.default_rng(0).integers(0, 256, (2, 84, 96, 3), np.uint8)
    views = AreaResize((84, 96), view)(pictures)
    fine = pictures[1].repeat(view[0], axis=0).repeat(view[1], axis=1).astype(np.float64)
    for row in range(0, view[0], 7):
        for column in range(0, view[1], 11):
            patch = fine[84 * row : 84 * (row + 1), 96 * column : 96 * (column + 1)]
            expected = np.rint(patch.mean(axis=(0, 1))) / 255
            np.testing.assert_allclose(views[1, row, column], expected, atol=1e-6)


def test_worlds_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="at least one track, car, step and frame"):
        CarRacingEnv([])
    with pytest.raises(ValueError, match="at least one track, car, step and frame"):
        CarRacingEnv([1], num_envs=0)
    with pytest.raises(ValueError, match="from 1 x 1 to 84 x 96 pixels, not 85 x 96"):
        CarRacingEnv([1], view=(85, 96))


def test_what_is_not_installed_is_said_in_one_line():
    with (
        pytest.raises(ModuleNotFoundError, match=r"no_such: pip .*-r requirements-carracing.txt"),
        extra("numpy", "no_such"),
    ):
        pass


def test_nothing_is_imported_before_it_is_needed_and_nothing_greets():
    script = """
import sys
import stages.worlds.envpool_carracing
from stages.worlds.carracing import CarRacing
assert not {"gymnasium", "Box2D", "pygame", "envpool"} & set(sys.modules)
CarRacing([1])
"""
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_a_car_has_passed_it_has_passed_whether_it_touched_it_or_not():
    env = CarRacingEnv([7], max_steps=120)
    _, info = env.reset()
    line = np.array([(x, y) for _, _, x, y in env._simulators[0].track])
    assert info["passed"] == [0]
    passed = []
    for step in range(100):
        x, y, heading, speed = info["state"][0]
        here = int(np.hypot(*(line - [x, y]).T).argmin())
        ahead = line[(here + 4) % len(line)] - [x, y]
        # beside the road from step 60 on
        aside = 9.0 if step > 60 else 0.0
        ahead = ahead + aside * np.array([-np.sin(heading), np.cos(heading)])
        turn = (np.arctan2(ahead[1], ahead[0]) - heading + np.pi) % (2 * np.pi) - np.pi
        info = env.step([[-2 * turn, 0.3 if speed < 30 else -0.1]])[4]
        passed.append(info["passed"][0])
        assert info["passed"][0] >= here / len(line) - 0.02
    assert 0.2 < passed[-1] < 1
    assert (np.diff(passed) >= 0).all()
    assert info["laps"][0] < passed[-1] - 0.01  # tiles that it came past beside the road
    assert "passed" not in envpool([7]).reset()[1]


def test_who_stands_or_goes_backwards_passes_nothing():
    env = CarRacingEnv([7], max_steps=40)
    env.reset()
    for _ in range(20):
        info = env.step([[0.0, -0.5]])[4]
    assert info["passed"] == [0]
