from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.figures.carracing.drive_gif import (
    CELLS,
    GAME,
    LatentTrace,
    cells,
    race_frames,
    slices,
)
from worldmodels.figures.carracing.returns import tracks
from worldmodels.figures.carracing.rounds import Final, Polished, Rounds, rounds
from worldmodels.figures.common.animation import Canvas, save_gif
from worldmodels.figures.common.style import save
from worldmodels.figures.dream.dream_gif import Episode, dream_frames
from worldmodels.figures.dream.filmstrip import SHOWN, filmstrip, shown
from worldmodels.figures.dream.open_loop_error import dream_error
from worldmodels.figures.dream.temperature import PAPER, temperature
from worldmodels.figures.racing.coverage import Frames, coverage
from worldmodels.figures.racing.drive_gif import drive_frames
from worldmodels.figures.racing.evolution_curve import cma_es_curve
from worldmodels.figures.racing.policy_trajectory import policy_trajectory
from worldmodels.figures.racing.reconstructions import vae_reconstruction
from worldmodels.figures.racing.track_layout import track_layout
from worldmodels.figures.racing.training_curves import training_curves
from worldmodels.pipeline.storage.pixels import to_bytes

PICTURES = np.random.default_rng(0).random((3, 16, 16, 3))
FRAMES = Frames(np.linspace(0, 1.6, 99), np.linspace(0, 2, 99))
LEARNING = {name: np.linspace(1, 0.1, 9) for name in ("epoch", "train", "held_out", "baseline")}
BELOW_ZERO = LEARNING | {"held_out": np.linspace(1, -1, 9)}  # the nats of a density may be
EVOLUTION = {
    name: np.linspace(1, 90, 9)
    for name in (
        "best",
        "mean",
        "median",
        "distribution_mean",
        "champion",
        "real",
        "random",
        "sigma",
    )
} | {"generation": np.arange(1.0, 10), "random": np.full(9, 2.0), "sigma": np.full(9, 0.1)}
SCORES = np.linspace(300, 950, 99)
COURSE = Rounds(np.array([9.0, 700, 850, 900]), np.arange(1.0, 5), 1e5 * np.arange(1, 5))


def drive(steps: int):
    env = RacingEnv()
    views, info = env.reset()
    seen, states, rewards = [to_bytes(views[0])], [info["state"][0]], []
    for _ in range(steps):
        views, reward, *_, info = env.step([[0.2, 1.0]])
        seen.append(to_bytes(views[0]))
        states.append(info["state"][0])
        rewards.append(reward[0])
    return np.array(states), np.array(seen), np.array(rewards)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: track_layout([Track()]),
        lambda: track_layout([Track(), Track(half_width=1.2)] * 3),
        lambda: coverage({"a": FRAMES, "b": FRAMES}),
        lambda: training_curves(LEARNING, LEARNING, EVOLUTION),
        lambda: training_curves(LEARNING, BELOW_ZERO, EVOLUTION),
        lambda: cma_es_curve(EVOLUTION),
        lambda: cma_es_curve(EVOLUTION | {"real": np.linspace(0, 70, 9)}),
        lambda: vae_reconstruction(PICTURES, 1 - PICTURES, np.eye(3, 5)),
        lambda: filmstrip(PICTURES[:2], PICTURES[:, :, ::-1], np.arange(2), np.arange(3)),
        lambda: dream_error({"a": np.linspace(0, 1, 9), "b": np.ones(9)}, 3),
        lambda: temperature(PAPER),
        lambda: tracks(SCORES, SCORES > 800, SCORES / 90 - 50),
        lambda: tracks(SCORES[:1], SCORES[:1] > 900, SCORES[:1]),
        lambda: rounds(COURSE, Polished(910.0, 4.5, 1.2e6), Final(905.0, 4.0, -40.0)),
        lambda: rounds(Rounds(*np.ones((3, 1))), Polished(-50.0, 2, 3), Final(-60.0, 4.0, -40.0)),
        lambda: policy_trajectory(Track(), drive(9)[0], np.zeros((9, 2), np.float32), 1.0),
    ],
)
def test_figures_are_pictures_whose_bytes_do_not_change(tmp_path, draw):
    for name in ("a.png", "b.png"):
        save(draw(), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.width > 500
        assert "Software" not in image.info
        assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 10


def test_a_film_strip_shows_both_ends_and_most_of_what_both_have():
    assert shown(120, 120)[0] == 0
    assert shown(120, 120)[-1] == 120
    assert len(shown(120, 120)) == len(shown(20, 120)) == SHOWN
    assert sum(frame <= 20 for frame in shown(20, 120)) == SHOWN - 3
    assert shown(20, 120)[-1] == shown(120, 20)[-1] == 120


def test_a_dream_goes_on_when_the_drive_is_over():
    states, views, rewards = drive(5)
    dreamt = Episode(np.concatenate([views, views[:, ::-1]])[:10], np.ones(9))
    frames = [
        np.asarray(frame.convert("RGB"), int)
        for frame in dream_frames(Track(), states, Episode(views, rewards), dreamt)
    ]
    assert len(frames) == 10
    road, real, dream = (slice(left, left + 230) for left in (30, 300, 552))
    picture = slice(70, 280)
    assert (frames[4][picture, road] != frames[5][picture, road]).any()
    assert (frames[5][picture, road] == frames[9][picture, road]).all()
    assert (frames[5][picture, real] == frames[9][picture, real]).all()
    assert (frames[5][picture, dream] != frames[9][picture, dream]).any()


def mind(steps: int) -> LatentTrace:
    rng = np.random.default_rng(steps)
    views = rng.integers(0, 256, (steps + 1, 28, 32, 3)).astype(np.uint8)
    z, h = (rng.uniform(-1, 1, (steps + 1, size)).astype(np.float32) for size in (8, 192))
    return LatentTrace(views, z, h, rng.normal(size=steps))


@pytest.mark.parametrize(("lasts", "dreams"), [(5, 9), (9, 5), (8, 8)])
def test_of_a_race_every_second_step_is_shown_and_the_last(lasts, dreams):
    rng = np.random.default_rng(0)
    game = rng.integers(0, 256, (-(-lasts // 2) + 1, *GAME[::-1], 3)).astype(np.uint8)
    real, dreamt = mind(lasts), mind(dreams)
    frames = [
        np.asarray(frame.convert("RGB"), int)
        for frame in race_frames(game, real.views, real, dreamt)
    ]
    longest = max(lasts, dreams)
    assert len(frames) == -(-longest // 2) + 1
    top = slice(40, 200)
    for columns, steps in (
        (slice(20, 300), lasts),
        (slice(330, 540), lasts),
        (slice(800, 1020), dreams),
    ):
        for number, (before, after) in enumerate(pairwise(frames)):
            stands = 2 * number >= steps
            assert (before[top, columns] == after[top, columns]).all() == stands


def test_cells_are_as_blue_or_vermilion_as_numbers_are_large():
    picture = cells(np.array([0, 1, -1, 0.5], np.float32))
    assert picture[0].tolist()[:3] == [[255, 255, 255], [0, 114, 178], [213, 94, 0]]
    assert picture[0, 3].tolist() == [128, 184, 216]
    assert cells(np.zeros(CELLS, np.float32)).shape == (2, 32, 3)
    assert cells(np.zeros(33, np.float32)).shape == (2, 32, 3)


def test_slices_are_of_all_times():
    pictures = np.arange(50, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 32, 3), np.uint8)
    assert slices(pictures).shape == (4, 32, 3)
    assert slices(pictures)[0, ::4, 0].tolist() == [0, 7, 14, 21, 28, 35, 42, 49]


def test_the_animation_has_a_frame_a_step_and_holds_its_last(tmp_path):
    states, views, rewards = drive(12)
    z = np.random.default_rng(0).standard_normal((13, 16)).astype(np.float32)
    frames = list(drive_frames(Track(), states, views, z, rewards))
    save_gif(tmp_path / "d.gif", frames, 40, hold=2.0)
    with Image.open(tmp_path / "d.gif") as gif:
        assert gif.n_frames == 13
        durations, frames = [], []
        for number in range(gif.n_frames):
            gif.seek(number)
            durations.append(gif.info["duration"])
            frames.append(np.asarray(gif.convert("RGB")))
    assert sum(durations[:12]) == 300  # 12 frames at 40 a second, though a GIF knows no 25 ms
    assert set(durations[:12]) == {20, 30}
    assert durations[12] == 2000
    assert all((a != b).any() for a, b in pairwise(frames))


def test_paint_is_gone_after_a_frame_unless_it_stays():
    ground = np.full((40, 60, 3), 255, np.uint8)
    canvas = Canvas(ground)
    line, triangle = np.array([[5.0, 5], [5, 35]]), np.array([[30.0, 10], [50, 10], [40, 30]])
    canvas.stroke(line, "#0072B2")
    canvas.fill(triangle, "#D55E00")
    canvas.choose_colours()
    canvas.stroke(line, "#0072B2", stays=True)
    canvas.fill(triangle, "#D55E00")
    first = np.asarray(canvas.frame().convert("RGB"))
    second = np.asarray(canvas.frame().convert("RGB"))
    for frame in (first, second):
        np.testing.assert_allclose(frame[20, 5], (0, 114, 178), atol=6)
    np.testing.assert_allclose(first[15, 40], (213, 94, 0), atol=6)
    np.testing.assert_allclose(second[15, 40], (255, 255, 255), atol=6)
    np.testing.assert_array_equal(ground, 255)


def test_paint_beyond_the_edge_is_cut_off():
    canvas = Canvas(np.zeros((20, 20, 3), np.uint8))
    canvas.stroke(np.array([[-9.0, -9], [30, 30]]), "white")
    canvas.fill(np.array([[15.0, 15], [40, 15], [15, 40]]), "white")
    canvas.fill(np.array([[50.0, 50], [60, 50], [50, 60]]), "white")
    canvas.choose_colours()
    assert canvas.frame().size == (20, 20)
