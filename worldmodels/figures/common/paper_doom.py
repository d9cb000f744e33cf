"""What Ha & Schmidhuber 2018 report of VizDoom: Take Cover, in tics alive (section 4, table 2)."""

from __future__ import annotations

import numpy as np

from worldmodels.figures.common.style import Curve

_SURVIVED = np.array([193.0, 196.0, 868.0, 1092.0, 753.0])
PAPER_STUDY: Curve = {  # the columns of temperature_study
    "temperature": np.array([0.1, 0.5, 1.0, 1.15, 1.3]),
    "dream_return": np.array([2086.0, 2060.0, 1145.0, 918.0, 732.0]),
    "env_return": _SURVIVED,
    "env_return_min": _SURVIVED,
    "env_return_max": _SURVIVED,
    "baseline": np.full(5, 210.0),
    # of means over 100 games or dreams, from the standard deviations that the table has
    "dream_return_stderr": np.array([140.0, 277.0, 690.0, 546.0, 269.0]) / 10,
    "env_return_stderr": np.array([58.0, 50.0, 511.0, 556.0, 139.0]) / 10,
}
# The best of them: the mean of 100 games, and its standard error, of a standard deviation of 556
PAPER_TICS, PAPER_STDERR = 1092.0, 55.6
