"""Pictures have the same bytes whatever settings of Matplotlib a person has."""

import copy
import dataclasses
import os
import subprocess
import sys

import pytest

from tests.support.project import ROOT
from worldmodels.figures.common.matplotlib_defaults import FONTS, font_manager

CHANGES = """
font.family: serif
font.size: 30
text.usetex: True
figure.facecolor: black
savefig.dpi: 300
savefig.bbox: tight
savefig.transparent: True
axes.formatter.use_locale: True
axes.prop_cycle: cycler(color='rgb')
image.interpolation: bicubic
path.sketch: 1, 100, 2
"""
UNREADABLE = b"no.such.key: 3\nno colon\nfigure.dpi: many\nfont.family: \xff\xfe\n"


def pictures(folder, **settings):
    """The bytes of all pictures that are drawn in a folder, by name."""
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MPL", "FREETYPE_", "MATPLOTLIB", "XDG_", "LC_"))
    }
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.pictures", "drawn"],
        cwd=folder,
        env=surroundings | {"PYTHONPATH": str(ROOT)} | settings,
        capture_output=True,
        encoding="utf-8",
    )
    assert result.stderr == ""
    drawn = folder / "drawn"
    return {path.name: path.read_bytes() for path in drawn.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    found = pictures(tmp_path_factory.mktemp("clean"))
    assert {*found} == {"log_axes.png", "images.png", "drive.gif"}
    return found


@pytest.mark.parametrize("where", ["here", "in the environment"])
def test_a_persons_settings_and_fonts_change_no_picture(clean, tmp_path, where):
    fonts = copy.copy(font_manager.fontManager)
    serif = str(FONTS / "DejaVuSerif-Italic.ttf")
    fonts.ttflist = [dataclasses.replace(font, fname=serif) for font in fonts.ttflist]
    cache = tmp_path / "matplotlib"
    cache.mkdir()
    font_manager.json_dump(fonts, cache / f"fontlist-v{font_manager.FontManager.__version__}.json")
    matplotlibrc = (tmp_path if where == "here" else cache) / "matplotlibrc"
    matplotlibrc.write_text(CHANGES, encoding="utf-8")
    found = pictures(
        tmp_path,
        MPLCONFIGDIR=str(cache),
        MATPLOTLIBRC=str(cache),
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        PILLOW_BLOCK_SIZE="x",
        FREETYPE_PROPERTIES="truetype:interpreter-version=35",
        SOURCE_DATE_EPOCH="0",
        LC_ALL="de_DE.UTF-8",
    )
    assert found == clean


def test_settings_that_cannot_be_read_are_not_read(clean, tmp_path):
    (tmp_path / "matplotlibrc").write_bytes(UNREADABLE)
    styles = tmp_path / "matplotlib" / "stylelib"
    styles.mkdir(parents=True)
    (styles / "default.mplstyle").write_bytes(UNREADABLE)
    (tmp_path / "matplotlib" / "matplotlibrc").write_bytes(UNREADABLE)
    found = pictures(
        tmp_path,
        XDG_CONFIG_HOME=str(tmp_path),
        XDG_CACHE_HOME="/proc/none",
        HOME="/proc/none",
        TMPDIR="/proc/none",
        MPLBACKEND="none",
    )
    assert found == clean


def test_settings_that_are_made_before_change_no_picture(clean, tmp_path):
    """As in a notebook that has imported Matplotlib already."""
    (tmp_path / "sitecustomize.py").write_text(
        "import matplotlib, numpy\n"
        "matplotlib.rcParams.update({'font.family': 'serif', 'savefig.dpi': 300})\n"
        "numpy.set_printoptions(precision=1, legacy='1.13')\n",
        encoding="utf-8",
    )
    assert pictures(tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}") == clean


def test_text_in_animations_does_not_depend_on_fribidi(clean, tmp_path):
    (tmp_path / "libfribidi.so.0").write_bytes(b"not a library")
    assert pictures(tmp_path, LD_LIBRARY_PATH=str(tmp_path)) == clean


def test_matplotlib_can_still_describe_what_it_draws():
    """Its own help is empty only while our figures import it."""
    from matplotlib import artist, lines

    assert "linewidth" in artist.kwdoc(lines.Line2D)
