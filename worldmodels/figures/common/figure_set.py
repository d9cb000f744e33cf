"""The figures and the animation of a stage, and how they are saved."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from worldmodels.figures.common.animation import save_gif
from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.style import save

HOLD = 2.0  # seconds for which the animation's last frame is shown


class FigureSet(NamedTuple):
    """Figures by name, and the frames of an animation."""

    figures: dict[str, Figure]
    frames: list[Image.Image]

    def save(
        self,
        reports: Path,
        animation: str,
        frames_per_second: int,
        writing: Callable[[Path], AbstractContextManager[Path]],
    ) -> None:
        """Write figures/<name>.png and the animation.

        Args:
            reports: the folder to write to.
            animation: the GIF's name in it.
            frames_per_second: of the animation.
            writing: gives the path to write a file at, in a block, from its final path.
        """
        for name, figure in self.figures.items():
            with writing(reports / "figures" / f"{name}.png") as path:
                save(figure, path)
        with writing(reports / animation) as path:
            save_gif(path, self.frames, frames_per_second, HOLD)
