"""A game of Take Cover that goes on when its engine is lost."""

from __future__ import annotations

from typing import Any

from worldmodels.envs.doom.engine import (
    Answer,
    Camera,
    Engine,
    EngineLost,
    give_back,
    take_engine,
)

ATTEMPTS = 5  # engines that a request is given, before the game is given up


class Game:
    """A game from a seed; each request, the start included, has one answer.

    A game depends on its seed and moves alone. So if an engine is lost, all requests are repeated
    in a new one, and the answers are the same.

    Args:
        camera: what is shown.
        seed: of the game.
        failure: the exception that is raised when the game is given up.
    """

    def __init__(self, camera: Camera, seed: int, failure: type[Exception]) -> None:
        self._seed, self._failure = seed, failure
        self._requests: list[tuple[Any, ...]] = []
        self._engine = take_engine(camera)
        self._request("start", seed)

    def move(self, direction: int, tics: int) -> None:
        """Move to the left (-1), to the right (1) or not at all (0) for some tics."""
        self._request("move", direction, tics)

    def answer(self) -> Answer:
        """The answer to the last request.

        Raises:
            Exception: the one of `failure`, in a sentence: several engines were lost in a row.
        """
        for attempt in range(ATTEMPTS):
            try:
                if attempt:
                    self._repeat()
                answer = self._engine.receive()
            except EngineLost as error:
                self._engine.close()
                reason = error
            else:
                self._waiting = False
                return answer
        raise self._failure(
            f"env.kind: doom: {ATTEMPTS} engines of ViZDoom in a row were lost in the game of seed "
            f"{self._seed}, the last one because {reason}; are there memory, room in /dev/shm, and "
            "the ViZDoom that 'make install-doom' installs?"
        )

    def end(self) -> None:
        """Let another game have the engine; this one has no further requests."""
        if self._engine.close.alive and not self._waiting:
            give_back(self._engine)

    def _request(self, *request: Any) -> None:
        self._requests.append(request)
        self._waiting = True
        self._engine.send(request)

    def _repeat(self) -> None:
        """Bring a new engine to where the last one was lost; the last request has no answer yet.

        Raises:
            EngineLost: the new one is lost, too.
        """
        self._engine = Engine(self._engine.camera)
        *answered, last = self._requests
        for request in answered:
            self._engine.send(request)
            self._engine.receive()
        self._engine.send(last)
