"""The canvas of animations, and the GIFs that are written of its frames."""

from itertools import pairwise

import numpy as np
from matplotlib.text import Text
from PIL import Image

from tests.support.racing_episode import seen_episode
from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.animation import Canvas, palette_of, save_gif
from worldmodels.figures.common.style import MEMORY
from worldmodels.figures.gymnasium import episode_gif
from worldmodels.figures.racing import drive_gif
from worldmodels.figures.racing.drive_gif import SHADES, episode_frames, in_few_shades


def test_the_animation_has_a_frame_a_step_and_holds_its_last(tmp_path):
    frames = list(episode_frames(Track(), seen_episode(12)))
    save_gif(tmp_path / "d.gif", frames, 40, hold=2.0)
    with Image.open(tmp_path / "d.gif") as gif:
        assert gif.n_frames == 13
        durations, frames = [], []
        for number in range(gif.n_frames):
            gif.seek(number)
            durations.append(gif.info["duration"])
            frames.append(np.asarray(gif.convert("RGB")))
    assert sum(durations[:12]) == 300  # 12 frames at 40 a second, though a GIF has no 25 ms
    assert set(durations[:12]) == {20, 30}
    assert durations[12] == 2000
    assert all((a != b).any() for a, b in pairwise(frames))


def test_a_frame_erases_what_is_drawn_unless_it_is_permanent():
    background = np.full((40, 60, 3), 255, np.uint8)
    canvas = Canvas(background)
    line, triangle = np.array([[5.0, 5], [5, 35]]), np.array([[30.0, 10], [50, 10], [40, 30]])
    canvas.stroke(line, "#0072B2")
    canvas.fill(triangle, "#D55E00")
    canvas.choose_colours()
    canvas.stroke(line, "#0072B2", permanent=True)
    canvas.fill(triangle, "#D55E00")
    first = np.asarray(canvas.frame().convert("RGB"))
    second = np.asarray(canvas.frame().convert("RGB"))
    for frame in (first, second):
        np.testing.assert_allclose(frame[20, 5], (0, 114, 178), atol=6)
    np.testing.assert_allclose(first[15, 40], (213, 94, 0), atol=6)
    np.testing.assert_allclose(second[15, 40], (255, 255, 255), atol=6)
    np.testing.assert_array_equal(background, 255)


def test_of_drawings_that_overlap_a_frame_shows_both():
    def square(corner: float, side: float) -> np.ndarray:
        return corner + side * np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])

    canvas = Canvas(np.zeros((40, 40, 3), np.uint8))
    shapes = [square(5, 15), square(15, 15), square(8, 4)]

    def draw() -> None:
        for shape, colour in zip(shapes, ("red", "lime", "blue"), strict=True):
            canvas.fill(shape, colour)

    draw()
    canvas.choose_colours()
    draw()
    frame = np.asarray(canvas.frame().convert("RGB"))
    red, lime, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    for place, colour in ((6, red), (10, blue), (17, lime), (28, lime)):
        np.testing.assert_allclose(frame[place, place], colour, atol=6)


def test_what_is_drawn_beyond_the_edge_is_cut_off():
    canvas = Canvas(np.zeros((20, 20, 3), np.uint8))
    canvas.stroke(np.array([[-9.0, -9], [30, 30]]), "white")
    canvas.fill(np.array([[15.0, 15], [40, 15], [15, 40]]), "white")
    canvas.fill(np.array([[50.0, 50], [60, 50], [50, 60]]), "white")
    canvas.choose_colours()
    assert canvas.frame().size == (20, 20)


def test_greys_have_no_tint_whatever_colours_surround_them():
    ramp = np.arange(256, dtype=np.uint8)[:, None, None].repeat(40, axis=1).repeat(3, axis=2)
    rainbow = np.random.default_rng(0).integers(0, 256, (256, 400, 3)).astype(np.uint8)
    canvas = Canvas(np.concatenate([ramp, rainbow], axis=1))
    canvas.choose_colours()
    frame = np.asarray(canvas.frame().convert("RGB"), int)
    assert np.ptp(frame[:, :40], axis=2).max() == 0
    assert np.abs(frame[:, :40] - ramp).max() <= 6
    assert frame[-1, 0].tolist() == [255, 255, 255]


def test_a_palette_holds_the_colours_of_large_areas_as_they_are():
    image = np.random.default_rng(0).integers(0, 256, (90, 90, 3)).astype(np.uint8)
    image[:60] = (233, 239, 230)
    image[60:70] = (195, 200, 206)
    palette = palette_of(image)
    assert 240 < palette.shape[1] <= 256
    colours = set(map(tuple, palette[0].tolist()))
    assert {(233, 239, 230), (195, 200, 206), (0, 0, 0), (255, 255, 255)} <= colours
    assert len(set(map(tuple, palette_of(image[:70])[0].tolist()))) == 53


def test_an_animation_shows_the_view_what_v_decodes_and_what_m_predicted():
    episode = seen_episode(12)
    frames = [np.asarray(each.convert("RGB")) for each in episode_frames(Track(), episode)]
    left, right = slice(400, 510), slice(546, 656)
    upper, lower = slice(40, 150), slice(238, 348)
    for number, frame in enumerate(frames):
        white = (episode.observations[number] == 255).mean()
        for panel, share in ((left, white), (right, 1 - white)):
            assert abs((frame[upper, panel] == 255).all(axis=2).mean() - share) < 0.1
        if number:
            np.testing.assert_array_equal(frame[lower, right], frame[upper, left])
    assert (frames[0][lower, right] == 255).all()  # M has predicted nothing yet


def test_predictions_of_m_have_the_colour_of_m_and_not_that_of_dreams():
    z, returns, picture = np.ones((3, 2), np.float32), np.arange(3.0), np.zeros((3, 4, 4, 1))
    for panel in (
        drive_gif.Panels(Track(), z, returns).predicted,
        episode_gif.Panels(picture, picture, z, returns).views[2],
    ):
        (title,) = (each for each in panel.findobj(Text) if "prediction" in each.get_text())
        assert title.get_color() == MEMORY


def test_what_v_decodes_has_few_shades():
    ramp = np.arange(256, dtype=np.uint8).reshape(-1, 1, 1).repeat(3, axis=2)
    for image in (ramp, ramp[..., :1]):
        shades = in_few_shades(image)
        assert len(np.unique(shades)) == SHADES[image.shape[2]]
        assert (shades[0, 0, 0], shades[-1, 0, 0]) == (0, 255)
        assert np.abs(shades.astype(int) - image).max() <= 26
