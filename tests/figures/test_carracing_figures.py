"""Figures of CarRacing: they say what they found, and show all of it."""

from itertools import pairwise

import numpy as np
import pytest

from tests.support.figure_texts import LEAST_TEXT, README_WIDTH, texts, written
from worldmodels.figures.carracing import drive_gif
from worldmodels.figures.carracing.drive_gif import (
    CELLS,
    GAME_SIZE,
    LatentTrace,
    cells,
    first_step,
    shown_steps,
)
from worldmodels.figures.carracing.returns import axis_bottom, returns_figure
from worldmodels.figures.carracing.rounds import FinalScore, FinetuneScore, Rounds, rounds_figure
from worldmodels.figures.common import score_by_cost
from worldmodels.figures.common.scene import slices
from worldmodels.figures.common.style import GREY, MEMORY, save

RETURNS = np.append([122.0, 480], np.linspace(800, 930, 98))
FINISHED = RETURNS > 900
BASELINE = np.array([-60.0, -50])
ROUNDS = Rounds(
    np.array([502.0, 725, 764]), np.array([0.4, 0.8, 1.2]), np.array([1.8e5, 3.3e5, 4.8e5])
)
FINETUNED = FinetuneScore(885.0, 1.7, 1.675e6)
TEST = FinalScore(899.0, 4.0, 100, -54.0)
DRAWN = {
    "returns": lambda: returns_figure(RETURNS, FINISHED, BASELINE),
    "returns of 5 whole laps": lambda: returns_figure(RETURNS[-5:], FINISHED[-5:], BASELINE),
    "one return": lambda: returns_figure(RETURNS[:1], FINISHED[:1], BASELINE[:1]),
    "rounds": lambda: rounds_figure(ROUNDS, FINETUNED, TEST),
    "rounds in vain": lambda: rounds_figure(
        Rounds(*np.ones((3, 1))), FinetuneScore(-50.0, 2, 3), FinalScore(-60.0, 4.0, 5, -40.0)
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_the_same_bytes_each_time(tmp_path, name):
    for file in ("a.png", "b.png"):
        save(DRAWN[name](), tmp_path / file)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("name", DRAWN)
def test_all_text_can_be_read_in_a_readme_and_none_is_cut_off(name):
    figure = DRAWN[name]()
    width, height = figure.bbox.size
    for text in texts(figure):
        assert text.get_size() * figure.dpi / 72 * README_WIDTH / width >= LEAST_TEXT
        left, bottom, right, top = text.get_window_extent().extents
        assert (left >= 0, right <= width, bottom >= 0, top <= height) == (True,) * 4, text


def test_returns_say_their_mean_and_how_many_laps_are_whole():
    lines = written(DRAWN["returns"]())
    assert "C returns 854 ± 9 over 100 test tracks, 23 whole laps among them" in lines
    assert {"● 23 whole laps, on average 915", "◇ 77 with tiles missed, on average 835"} <= lines
    assert {"mean 853.7 ± 9.1", "median 863.7"} <= lines
    assert "C returns 927 ± 1 over 5 test tracks, 5 whole laps among them" in written(
        DRAWN["returns of 5 whole laps"]()
    )


def test_returns_start_at_600_and_name_those_below():
    figure = DRAWN["returns"]()
    assert figure.axes[0].get_ylim()[0] == 600
    assert "▼ 2 below 600, the worst 122" in written(figure)
    assert not any("below" in line for line in written(DRAWN["returns of 5 whole laps"]()))


def test_the_axis_begins_below_nearly_all_returns():
    assert axis_bottom(np.append(np.full(90, 900.0), np.full(10, 20.0))) == 600
    assert axis_bottom(np.append(np.full(89, 900.0), np.full(11, 20.0))) == 0
    assert axis_bottom(np.append(np.full(90, 601.0), np.full(10, -20.0))) == -50
    assert axis_bottom(np.linspace(880, 940, 100)) == 850
    assert "below" not in " ".join(written(DRAWN["one return"]()))


def test_every_return_is_a_marker():
    points = np.concatenate([line.get_ydata() for line in DRAWN["returns"]().axes[0].lines[:2]])
    np.testing.assert_array_equal(np.sort(points), RETURNS)


def test_rounds_say_the_score_and_both_costs():
    lines = written(DRAWN["rounds"]())
    assert "C returns 899 ± 4 after 1.7 core-hours and 1.7 million frames of the game" in lines
    assert {"round 0: 502", "round 2: 764", "fine-tuned: 885", "899 ± 4"} <= lines
    lines = written(DRAWN["rounds in vain"]())
    assert "C returns \N{MINUS SIGN}60 ± 4 after 2.0 core-hours and 3 frames of the game" in lines


def test_all_checkpoints_of_the_papers_log_are_drawn():
    figure = DRAWN["rounds"]()
    hours, returns = score_by_cost.paper_log()
    drawn = [line for line in figure.axes[0].lines if len(line.get_xdata()) == len(hours)]
    for line in drawn:
        np.testing.assert_array_equal(line.get_xydata(), np.stack([hours, returns], axis=1))
    assert len(drawn) == 2  # a line and its markers
    assert {"823", "867", "the paper: 906 ± 2 after 71,600"} <= written(figure)
    assert hours[1] == pytest.approx(1911.4, abs=0.1)


def random_trace(steps: int) -> LatentTrace:
    rng = np.random.default_rng(steps)
    decoded = rng.integers(0, 256, (steps + 1, 28, 32, 3)).astype(np.uint8)
    z, h = (rng.uniform(-1, 1, (steps + 1, size)).astype(np.float32) for size in (8, 192))
    return LatentTrace(decoded, z, h, rng.normal(size=steps))


@pytest.mark.parametrize(
    ("episode_steps", "dream_steps", "first"), [(5, 9, 0), (9, 5, 0), (8, 8, 0), (7, 9, 3)]
)
def test_an_episode_shows_every_second_step_from_the_first_and_the_last(
    episode_steps, dream_steps, first
):
    rng = np.random.default_rng(0)
    size = (len(shown_steps(first, episode_steps)), *GAME_SIZE[::-1], 3)
    game = rng.integers(0, 256, size).astype(np.uint8)
    episode, dream = random_trace(episode_steps), random_trace(dream_steps)
    frames = [
        np.asarray(frame.convert("RGB"), int)
        for frame in drive_gif.episode_frames(game, episode.decoded, episode, dream, first)
    ]
    shown = shown_steps(first, max(episode_steps, dream_steps))
    assert len(frames) == len(shown)
    top = slice(70, 200)
    for columns, steps in (
        (slice(20, 240), episode_steps),
        (slice(270, 430), episode_steps),
        (slice(650, 800), dream_steps),
    ):
        for step, (before, after) in zip(shown, pairwise(frames), strict=False):
            ended = step >= steps
            assert (before[top, columns] == after[top, columns]).all() == ended


def test_an_animation_begins_when_the_camera_has_zoomed_in():
    assert first_step(250, 4) == 13
    assert first_step(250, 1) == 50
    assert first_step(13, 4) == 0  # it has ended by then
    assert shown_steps(13, 18) == [13, 15, 17, 18]
    assert shown_steps(0, 4) == [0, 2, 4]


def test_cells_have_the_more_colour_the_larger_a_number_is():
    image = cells(np.array([0, 1, -1, 0.5], np.float32))
    hexes = ["#" + "".join(f"{part:02X}" for part in cell) for cell in image[0].tolist()]
    assert hexes[:3] == ["#FFFFFF", MEMORY, GREY]
    assert np.abs(image[0, 3] - (255 + image[0, 1].astype(int)) / 2).max() <= 0.5
    assert cells(np.zeros(CELLS, np.float32)).shape == (2, 32, 3)
    assert cells(np.zeros(33, np.float32)).shape == (2, 32, 3)


def test_slices_are_of_frames_from_the_first_to_the_last():
    frames = np.arange(50, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 32, 3), np.uint8)
    assert slices(frames).shape == (4, 32, 3)
    assert slices(frames)[0, ::4, 0].tolist() == [0, 7, 14, 21, 28, 35, 42, 49]
