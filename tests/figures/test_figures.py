"""Every figure is drawn, the same bytes each time; animations beside a dream go on to its end."""

from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from tests.support.racing_episode import run_episode
from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.figure_set import FigureSet
from worldmodels.figures.common.style import save
from worldmodels.figures.dream.dream_gif import DecodedEpisode, dream_frames
from worldmodels.figures.dream.filmstrip import SHOWN, filmstrip_figure, frame_steps
from worldmodels.figures.dream.open_loop_error import open_loop_error_figure
from worldmodels.figures.dream.temperature import PAPER_STUDY, temperature_figure

OBSERVATIONS = np.random.default_rng(0).random((3, 16, 16, 3))
ERRORS = {"dream": np.linspace(0, 1, 9), "persistence": np.ones(9), "one_step": np.zeros(9)}


@pytest.mark.parametrize(
    "draw",
    [
        lambda: filmstrip_figure(
            OBSERVATIONS[:2], OBSERVATIONS[:, :, ::-1], np.arange(2), np.arange(3)
        ),
        lambda: open_loop_error_figure(ERRORS, 1.0, 3),
        lambda: temperature_figure(PAPER_STUDY),
    ],
)
def test_a_figure_is_an_image_and_the_same_bytes_each_time(tmp_path, draw):
    for name in ("a.png", "b.png"):
        save(draw(), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.width > 500
        assert "Software" not in image.info
        assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 10


def test_a_figure_set_is_written_at_the_paths_that_it_is_given(tmp_path):
    def writing(path):
        return nullcontext(tmp_path / f"{path.name}.part")

    figures = {"a": temperature_figure(PAPER_STUDY)}
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    FigureSet(figures, frames).save(tmp_path / "reports", "b.gif", 20, writing)
    assert {path.name for path in tmp_path.iterdir()} == {"a.png.part", "b.gif.part"}


def test_a_filmstrip_shows_both_ends_and_most_of_the_steps_that_both_have():
    assert frame_steps(120, 120)[0] == 0
    assert frame_steps(120, 120)[-1] == 120
    assert len(frame_steps(120, 120)) == len(frame_steps(20, 120)) == SHOWN
    assert sum(step <= 20 for step in frame_steps(20, 120)) == SHOWN - 3
    assert frame_steps(20, 120)[-1] == frame_steps(120, 20)[-1] == 120


def test_the_error_figure_says_at_how_many_steps_a_dream_beats_persistence():
    figure = open_loop_error_figure(ERRORS, 1.0, 3)
    title = figure.axes[0].get_title(loc="left")
    assert title == "A dream beats persistence at 8 of 9 steps (3 episodes of C)"


def test_a_dream_goes_on_when_the_episode_has_ended():
    states, observations, rewards = run_episode(5)
    dream = DecodedEpisode(np.concatenate([observations, observations[:, ::-1]])[:10], np.ones(9))
    episode = DecodedEpisode(observations, rewards)
    frames = [
        np.asarray(frame.convert("RGB"), int)
        for frame in dream_frames(Track(), states, episode, dream)
    ]
    assert len(frames) == 10
    road, env_view, dream_view = (slice(left, left + 230) for left in (30, 300, 552))
    rows = slice(70, 280)
    assert (frames[4][rows, road] != frames[5][rows, road]).any()
    assert (frames[5][rows, road] == frames[9][rows, road]).all()
    assert (frames[5][rows, env_view] == frames[9][rows, env_view]).all()
    assert (frames[5][rows, dream_view] != frames[9][rows, dream_view]).any()
