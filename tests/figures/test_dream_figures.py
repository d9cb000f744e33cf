"""Figures of dreams: titles have the numbers, labels stand at the lines, text is legible."""

import io
from itertools import pairwise

import numpy as np
import pytest

from tests.support.racing_episode import run_episode
from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.paper_doom import PAPER_STUDY
from worldmodels.figures.common.style import DPI, README_WIDTH, save
from worldmodels.figures.dream.dream_gif import HEIGHT, LEFTS, SIDE, DecodedEpisode, dream_frames
from worldmodels.figures.dream.filmstrip import SHOWN, filmstrip_figure, frame_steps
from worldmodels.figures.dream.open_loop_error import DreamErrors, open_loop_error_figure
from worldmodels.figures.dream.temperature import temperature_figure

STEPS = 50
SMALLEST = 11  # pixels
ERRORS = {
    "dream": np.linspace(0.1, 2.5, STEPS),
    "mean_rollout": np.linspace(0.1, 2.49, STEPS),
    "persistence": np.linspace(0.2, 2.48, STEPS),
    "shuffled": np.full(STEPS, 1.0),
    "closed_loop": np.linspace(0.1, 1.1, STEPS),
    "one_step": np.full(STEPS, 0.3),
}
ENDED = {"dream": np.linspace(0, 1, STEPS), "closed_loop": np.zeros(STEPS)}
DREAMS = DreamErrors(ERRORS, ENDED, 9, 100)
STUDY = {
    "temperature": np.array([0.01, 0.1, 0.5, 1, 1.15, 10, 30]),
    "dream_return": np.array([109.0, 100, 90, 80, 70, 16, 4]),
    "env_return": np.array([15.0, 40, 60, 70, 75, 90, 80]),
    "env_return_min": np.array([-6.0, 30, 50, 60, 65, 85, 20]),
    "env_return_max": np.array([40.0, 50, 70, 80, 85, 95, 100]),
    "baseline": np.full(7, 2.0),
}


def words_of(figure):
    """All text of a figure that is drawn."""
    axes = figure.axes
    texts = [*figure.texts, *(text for each in axes for text in each.texts)]
    for each in axes:
        texts += [*each.get_xticklabels(), *each.get_yticklabels()]
        texts += [each.xaxis.label, each.yaxis.label, each._left_title]
    return [text for text in texts if text.get_text() and text.get_visible()]


def title(figure):
    return figure.texts[0].get_text()


FIGURES = {
    "open_loop_error": lambda: open_loop_error_figure(DREAMS),
    "filmstrip": lambda: filmstrip_figure(
        np.zeros((121, 4, 4, 1)), np.ones((31, 4, 4, 1)), np.arange(121), np.arange(31)
    ),
    "temperature": lambda: temperature_figure(STUDY),
}


@pytest.mark.parametrize("name", FIGURES)
def test_text_is_legible_and_inside_at_the_width_of_a_readme(name):
    figure = FIGURES[name]()
    width, height = figure.bbox.size
    assert width == pytest.approx(README_WIDTH)
    save(figure, io.BytesIO())  # lays it out
    for text in words_of(figure):
        assert text.get_fontsize() / 72 * DPI >= SMALLEST
        box = text.get_window_extent()
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    assert not [axes for axes in figure.axes if axes.get_legend()]


def test_a_figure_of_errors_is_the_same_bytes_each_time():
    files = io.BytesIO(), io.BytesIO()
    for file in files:
        save(open_loop_error_figure(DREAMS), file)
    assert files[0].getvalue() == files[1].getvalue()


@pytest.mark.parametrize(
    ("dream", "words"),
    [
        (np.r_[np.zeros(9), np.ones(STEPS - 9) * 2], "For 9 steps a dream is nearer"),
        (np.r_[0, np.ones(STEPS - 1) * 2], "For 1 step a dream is nearer"),
        (np.zeros(STEPS), "For 40 steps and more a dream is nearer"),
        (np.ones(STEPS) * 2, "From its first step on a dream is no nearer"),
    ],
)
def test_the_error_figure_says_for_how_many_steps_a_dream_is_nearer_than_another_drive(
    dream, words
):
    assert title(
        open_loop_error_figure(DREAMS._replace(errors=ERRORS | {"dream": dream}))
    ).startswith(f"{words} to the recorded drive than another drive")


def test_without_another_drive_a_dream_is_compared_with_its_start():
    errors = {name: error for name, error in ERRORS.items() if name != "shuffled"}
    figure = open_loop_error_figure(DREAMS._replace(errors=errors, drives=1))
    assert title(figure) == (
        "For 40 steps and more a dream is nearer to the recorded drive than its start is"
    )
    assert "another drive" not in figure.texts[1].get_text()


def test_the_error_figure_names_the_drives_actions_as_the_reason_only_where_they_end_most_dreams():
    reason = "the drive's actions lead off the dreamt road"
    many = open_loop_error_figure(DREAMS).texts[1].get_text()
    assert f"{reason}; M has ended 80 % of these dreams by step 40" in many
    few = DREAMS._replace(ended=ENDED | {"dream": np.full(STEPS, 0.02)})
    text = open_loop_error_figure(few).texts[1].get_text()
    assert reason not in text
    assert "M has ended 2 % of these dreams by step 40" in text


def test_the_error_figure_shows_forty_steps_and_labels_lines_at_their_ends():
    top, bottom = open_loop_error_figure(DREAMS).axes
    assert max(line.get_xdata()[-1] for line in top.lines[:6]) == 40
    assert max(line.get_xdata()[-1] for line in bottom.lines[:2]) == 40
    labels = [text for text in top.texts if ": " in text.get_text()]
    ends = {f"{error[39]:.2f}" for error in ERRORS.values()}
    assert {text.get_text().rpartition(": ")[2] for text in labels} == ends
    boxes = sorted((text.get_window_extent() for text in labels), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes))  # pixels


def test_the_error_figure_says_when_cars_leave_their_first_view_if_it_shows_that():
    words = "the car is beyond its first view"
    for step, shown in ((9, True), (40, False)):
        figure = open_loop_error_figure(DREAMS._replace(view_left=step))
        assert (words in {text.get_text() for text in figure.axes[0].texts}) == shown


def test_a_filmstrip_shows_both_ends_and_most_of_the_steps_that_both_have():
    assert frame_steps(120, 120)[0] == 0
    assert frame_steps(120, 120)[-1] == 120
    assert len(frame_steps(120, 120)) == len(frame_steps(20, 120)) == SHOWN
    assert sum(step <= 20 for step in frame_steps(20, 120)) == SHOWN - 3
    assert frame_steps(20, 120)[-1] == frame_steps(120, 20)[-1] == 120


def test_a_filmstrip_has_both_returns_in_its_title():
    assert title(FIGURES["filmstrip"]()) == (
        "From the same start, C returns +30.0 in its dream and +120.0 on the road"
    )


def test_the_temperature_figure_compares_the_coldest_dreams_with_the_best():
    figure = temperature_figure(STUDY)
    assert title(figure) == (
        "C from dreams of temperature 0.01 returns +15 on the road; from those of 10, +90"
    )
    assert "In the dreams themselves it returns +109 and +16." in figure.texts[1].get_text()
    shown = {text.get_text() for text in figure.axes[0].texts}
    assert shown == {"+109", "+15", "+90 at 10", "dreams: +4", "road: +80", "random: +2"}
    assert "1092 at 1.15" in {text.get_text() for text in figure.axes[1].texts}


def test_the_coldest_dreams_may_be_the_best():
    figure = temperature_figure(STUDY | {"env_return": np.linspace(90, 20, 7)})
    assert title(figure) == (
        "C from dreams of temperature 0.01 returns +90 on the road, the most of 7 temperatures"
    )


def test_temperatures_without_room_have_no_label():
    labels = [label.get_text() for label in temperature_figure(STUDY).axes[0].get_xticklabels()]
    assert labels == ["0.01", "0.1", "0.5", "1", "", "10", "30"]
    assert len(temperature_figure(PAPER_STUDY).axes[0].get_xticks()) == 5


def test_a_dream_goes_on_when_the_episode_has_ended():
    states, observations, rewards = run_episode(5)
    dream = DecodedEpisode(np.concatenate([observations, observations[:, ::-1]])[:10], np.ones(9))
    episode = DecodedEpisode(observations, rewards)
    frames = [
        np.asarray(frame.convert("RGB"), int)
        for frame in dream_frames(Track(), states, episode, dream)
    ]
    assert len(frames) == 10
    road, env_view, dream_view = (slice(left, left + SIDE) for left in LEFTS)
    rows = slice(HEIGHT - SIDE - 30, HEIGHT - 40)
    assert (frames[4][rows, road] != frames[5][rows, road]).any()
    assert (frames[5][rows, road] == frames[9][rows, road]).all()
    assert (frames[5][rows, env_view] == frames[9][rows, env_view]).all()
    assert (frames[5][rows, dream_view] != frames[9][rows, dream_view]).any()


def test_greys_of_a_dream_have_no_tint():
    states, _, rewards = run_episode(5)
    ramp = np.linspace(0, 255, 256).astype(np.uint8).reshape(1, 16, 16, 1).repeat(6, axis=0)
    episode = DecodedEpisode(ramp, rewards)
    *_, last = dream_frames(Track(), states, episode, episode)
    image = np.asarray(last.convert("RGB"), int)
    for left in LEFTS[1:]:
        view = image[HEIGHT - SIDE - 30 : HEIGHT - 150, left : left + SIDE]
        assert np.ptp(view, axis=2).max() == 0
        assert len(np.unique(view)) > 10
