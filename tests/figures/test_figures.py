"""Every figure is drawn, the same bytes each time; animations beside a dream go on to its end."""

from contextlib import nullcontext

import numpy as np
import pytest
from PIL import Image

from worldmodels.figures.common.figure_set import FigureSet
from worldmodels.figures.common.paper_doom import PAPER_STUDY
from worldmodels.figures.common.style import new_figure, save
from worldmodels.figures.dream.filmstrip import filmstrip_figure
from worldmodels.figures.dream.temperature import temperature_figure

OBSERVATIONS = np.random.default_rng(0).random((3, 16, 16, 3))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: filmstrip_figure(
            OBSERVATIONS[:2], OBSERVATIONS[:, :, ::-1], np.arange(2), np.arange(3)
        ),
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
        assert image.convert("RGB").getcolors(10) is None  # it has more colours


def test_a_figure_set_is_written_at_the_paths_that_it_is_given(tmp_path):
    def writing(path):
        return nullcontext(tmp_path / f"{path.name}.part")

    figures = {"a": temperature_figure(PAPER_STUDY)}
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    FigureSet(figures, frames).save(tmp_path / "reports", "b.gif", 20, writing)
    assert {path.name for path in tmp_path.iterdir()} == {"a.png.part", "b.gif.part"}


def test_numbers_have_minus_signs_in_a_figure_as_on_its_axes(tmp_path):
    figure = new_figure(2, 1)
    figure.text(0, 0.5, "C returns -92.9 (-100 at worst), in steps of 1e-3, 60-yard roads")
    save(figure, tmp_path / "figure.png")
    assert figure.texts[0].get_text() == (
        "C returns \N{MINUS SIGN}92.9 (\N{MINUS SIGN}100 at worst), in steps of 1e-3, 60-yard roads"
    )
