"""Matplotlib with its own defaults and fonts; nothing else imports it.

So figures have the same bytes whatever a person has set up: a matplotlibrc, even one that cannot be
read, MPLBACKEND, installed fonts, or a list of fonts in a cache.
"""

from __future__ import annotations

import contextlib
import logging
import os
from importlib.util import find_spec
from pathlib import Path

os.environ.pop("MPLBACKEND", None)
# It would warn of folders for settings and caches, which have no effect here.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
_spec = find_spec("matplotlib")
assert _spec
assert _spec.origin
# It reads the matplotlibrc of the current folder before any other, and here is the default one.
with contextlib.chdir(Path(_spec.origin).parent / "mpl-data"):
    import matplotlib
    from matplotlib import artist

# The help of each class's `set`, a quarter of the time of the import, is left empty.
_kwdoc, artist.kwdoc = artist.kwdoc, lambda artist: ""

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, MaxNLocator

artist.kwdoc = _kwdoc

__all__ = [
    "FONTS",
    "Axes",
    "FT2Font",
    "Figure",
    "FigureCanvasAgg",
    "LineCollection",
    "ListedColormap",
    "LoadFlags",
    "LogLocator",
    "LogNorm",
    "MaxNLocator",
    "Rectangle",
    "Text",
    "font_manager",
    "matplotlib",
    "to_rgb",
]

# If someone has imported it before, its settings may be others; to look at its backend loads one.
matplotlib.rcParams.update(
    {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}
)

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
font_manager.fontManager.ttflist = []
for _path in sorted(FONTS.glob("*.ttf")):
    font_manager.fontManager.addfont(_path)
