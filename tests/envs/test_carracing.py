"""CarRacingEnv against Gymnasium's own CarRacing."""

import numpy as np
import pytest

from worldmodels.envs.carracing.env import CarRacingEnv
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import rollout

WHY = "needs requirements-carracing.txt"
pytest.importorskip("gymnasium", reason=WHY)
pytest.importorskip("Box2D", reason=WHY)
pytest.importorskip("pygame", reason=WHY)
gymnasium_module = pytest.importorskip("gymnasium.envs.box2d.car_racing", reason=WHY)
lazy_render = pytest.importorskip("worldmodels.envs.carracing.lazy_render", reason=WHY)

STRAIGHT = [0.0, 0.2]
AWAY = [0.0, 0.4]  # straight on, beyond the playfield in 72 steps


def slalom(step: int, gas: float) -> list[float]:
    return [0.4 * np.sin(step / 5), gas if step < 15 or step % 3 else -0.3]


@pytest.mark.parametrize(("seed", "gas"), [(0, 0.1), (1, 0.3), (2, 0.6)])
def test_frames_rewards_and_ends_are_gymnasiums_to_the_last_byte(seed, gas):
    theirs, ours = gymnasium_module.CarRacing(), CarRacingEnv([seed])
    frame, _ = theirs.reset(seed=seed)
    np.testing.assert_array_equal(ours.frames()[0], frame[:84])
    for step in range(50):  # in the first 12 or so the camera zooms in
        steer, pedal = slalom(step, gas)
        control = np.array([steer, max(pedal, 0), max(-pedal, 0)], np.float32)
        steps = [theirs.step(control) for _ in range(4)]
        _, rewards, terminated, truncated, info = ours.step([[steer, pedal]])
        np.testing.assert_array_equal(ours.frames()[0], steps[-1][0][:84])
        assert rewards[0] == np.cumsum([each[1] for each in steps])[-1]
        assert [steps[-1][2], terminated[0], truncated[0]] == [False, False, False]
        assert info["lap_fraction"][0] == theirs.tile_visited_count / len(theirs.track)
        np.testing.assert_array_equal(info["state"][0, :2], theirs.car.hull.position)
    assert 2 < theirs.tile_visited_count < len(theirs.track)
    rendered = ours.render()
    theirs.render_mode = "rgb_array"
    np.testing.assert_array_equal(rendered, theirs.render())
    assert rendered.shape == (400, 600, 3)


def test_after_a_drive_and_a_reset_all_is_gymnasiums_again():
    theirs, ours = gymnasium_module.CarRacing(), CarRacingEnv([1])
    for step in range(25):
        ours.step([slalom(step, 0.4)])
    frame, _ = theirs.reset(seed=1)
    ours.reset()
    theirs.render_mode = "rgb_array"
    for step in range(25):
        np.testing.assert_array_equal(ours.render(), theirs.render())
        np.testing.assert_array_equal(ours.frames()[0], frame[:84])
        steer, pedal = slalom(step, 0.2)
        control = np.array([steer, max(pedal, 0), max(-pedal, 0)], np.float32)
        steps = [theirs.step(control) for _ in range(4)]
        frame = steps[-1][0]
        _, rewards, *_, info = ours.step([[steer, pedal]])
        assert rewards[0] == np.cumsum([each[1] for each in steps])[-1]
        np.testing.assert_array_equal(info["state"][0, :2], theirs.car.hull.position)


def test_a_reset_before_the_first_step_builds_no_track_again():
    env = CarRacingEnv([1])
    track, first = env._simulators[0].track, env.reset()
    assert env._simulators[0].track is track
    env.step([STRAIGHT])
    again = env.reset()
    assert env._simulators[0].track is not track
    np.testing.assert_array_equal(again[0], first[0])
    np.testing.assert_array_equal(again[1]["state"], first[1]["state"])


def test_the_edge_of_the_playfield_looks_as_in_gymnasium_and_terminates_an_episode():
    theirs, ours = gymnasium_module.CarRacing(), CarRacingEnv([3])
    theirs.reset(seed=3)
    draw, theirs._render = theirs._render, lambda mode: None  # only what is compared is drawn
    control = np.array([0, 0.4, 0], np.float32)
    for _ in range(100):
        total = 0.0
        for _ in range(4):
            _, reward, done, _, info = theirs.step(control)
            total += reward
            if done:
                break
        _, rewards, terminated, truncated, ours_info = ours.step([AWAY])
        assert rewards[0] == total
        assert (terminated[0], truncated[0]) == (done, False)
        if max(abs(theirs.car.hull.position[0]), abs(theirs.car.hull.position[1])) > 270:
            np.testing.assert_array_equal(ours.frames()[0], draw("state_pixels")[:84])
        if done:
            break
    assert not info["lap_finished"]
    assert not ours_info["finished"][0]
    assert rewards[0] < -99


def test_a_car_starts_on_tile_0_so_only_a_visit_of_all_tiles_finishes_the_lap():
    env = CarRacingEnv([4])
    (simulator,) = env._simulators
    assert simulator.road[0].road_visited
    for tile in simulator.road[3:]:  # as if the car had visited them
        tile.road_visited = True
        simulator.tile_visited_count += 1
    *_, truncated, info = env.step([[0, 0]])
    assert 0.95 < info["lap_fraction"][0] < 1
    assert not truncated[0]
    for _ in range(50):
        _, rewards, terminated, truncated, info = env.step([STRAIGHT])
        if truncated[0]:
            break
    assert (info["lap_fraction"][0], info["finished"][0], terminated[0]) == (1, True, False)
    assert rewards[0] == pytest.approx(1000 / len(simulator.track), abs=0.5)
    _, rewards, _, truncated, again = env.step([STRAIGHT])
    assert (rewards[0], truncated[0], again["finished"][0]) == (0, True, True)
    np.testing.assert_array_equal(again["state"], info["state"])


def test_a_rollout_drops_rows_that_have_ended():
    class Straight(SmoothedNoisePolicy):
        def act(self, observations):
            return np.array([AWAY] * len(observations))

    stats = rollout(CarRacingEnv([1, 2, 3], num_envs=3), Straight(np.random.default_rng(0)))
    assert stats.terminated.all()
    assert (stats.lengths < 100).all()


def test_positive_steering_is_to_the_right_and_a_negative_pedal_brakes():
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


def test_progress_counts_tiles_that_the_car_has_come_past_even_beside_the_road():
    env = CarRacingEnv([7], max_steps=120)
    _, info = env.reset()
    line = np.array([(x, y) for _, _, x, y in env._simulators[0].track])
    assert info["progress"] == [0]
    progress = []
    for step in range(100):
        x, y, heading, speed = info["state"][0]
        here = int(np.hypot(*(line - [x, y]).T).argmin())
        ahead = line[(here + 4) % len(line)] - [x, y]
        # beside the road from step 60 on
        aside = 9.0 if step > 60 else 0.0
        ahead = ahead + aside * np.array([-np.sin(heading), np.cos(heading)])
        turn = (np.arctan2(ahead[1], ahead[0]) - heading + np.pi) % (2 * np.pi) - np.pi
        info = env.step([[-2 * turn, 0.3 if speed < 30 else -0.1]])[4]
        progress.append(info["progress"][0])
        assert info["progress"][0] >= here / len(line) - 0.02
    assert 0.2 < progress[-1] < 1
    assert (np.diff(progress) >= 0).all()
    assert info["lap_fraction"][0] < progress[-1] - 0.01  # tiles passed beside the road
    tiles = env._simulators[0].road
    behind = round(progress[-1] * len(tiles)) - lazy_render.CAR_TILES
    assert info["missed_tiles"] == [sum(not tile.road_visited for tile in tiles[:behind])]
    assert info["missed_tiles"][0] > 3


def test_a_car_that_stands_or_reverses_makes_no_progress():
    env = CarRacingEnv([7], max_steps=40)
    env.reset()
    for _ in range(20):
        info = env.step([[0.0, -0.5]])[4]
    assert info["progress"] == [0]
