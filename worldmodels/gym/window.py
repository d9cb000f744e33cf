"""A window for `render_mode="human"`; pygame, which it needs, is imported when it opens."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray


class Window:
    """Shows pictures of one size, at no more than some a second.

    Args:
        caption: its title.
        frames_per_second: `show` waits so that no more are shown.
    """

    def __init__(self, caption: str, frames_per_second: int) -> None:
        self._caption = caption
        self._frames_per_second = frames_per_second
        self._pygame: Any = None

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Show a picture (height, width, 3).

        Raises:
            DependencyNotInstalled: pygame is not installed.
        """
        if self._pygame is None:
            self._open((picture.shape[1], picture.shape[0]))
        surface = self._pygame.surfarray.make_surface(picture.swapaxes(0, 1))
        self._screen.blit(surface, (0, 0))
        self._pygame.event.pump()
        self._clock.tick(self._frames_per_second)
        self._pygame.display.flip()

    def _open(self, size: tuple[int, int]) -> None:
        try:
            import pygame
        except ImportError as error:
            raise DependencyNotInstalled(
                f"render_mode 'human' needs pygame, and cannot import it ({error}): run "
                "'pip install -c constraints.txt -r requirements-gymnasium.txt'"
            ) from error
        pygame.display.init()
        pygame.display.set_caption(self._caption)
        self._screen = pygame.display.set_mode(size)
        self._clock = pygame.time.Clock()
        self._pygame = pygame

    def close(self) -> None:
        """Close the window, if it is open."""
        if self._pygame is not None:
            self._pygame.display.quit()
            self._pygame = None
