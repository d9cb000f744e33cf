"""Learning that begins at what was learned before, in place of weights drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol

from worldmodels.nn.parameters import Array, Parameters
from worldmodels.pipeline.errors import UserError

NAMED = 3  # arrays in a message, at the most


class Learner(Protocol):
    """A V, or a member of an M."""

    @property
    def kind(self) -> str:
        """As params and files know it."""

    parameters: Parameters


class WarmStart(NamedTuple):
    """Where to begin.

    Args:
        path: the file that it is from.
        learners: V, or the members of M.
    """

    path: Path
    learners: Sequence[Learner]

    def copy_to(self, fresh: Learner, number: int = 0, members: int = 1) -> None:
        """Give a learner, number so and so of so many, the parameters of its like.

        Raises:
            UserError: they are not as many, or not of the same kind and sizes.
        """
        if len(self.learners) != members:
            self._refuse(f"it has {len(self.learners)} members", f"{members}")
        known = self.learners[number]
        here, there = _sizes(fresh.parameters), _sizes(known.parameters)
        if (fresh.kind, here) != (known.kind, there):
            self._refuse(
                f"it is {_described(known.kind, there, here)}",
                f"{_described(fresh.kind, here, there)}",
            )
        fresh.parameters.flat[...] = known.parameters.flat

    def _refuse(self, found: str, wanted: str) -> NoReturn:
        raise UserError(
            f"{self.path}: nothing to start from: {found}, and the params ask for {wanted}"
        )


def _sizes(arrays: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in arrays.items()}


def _described(
    kind: str, sizes: Mapping[str, tuple[int, ...]], others: Mapping[str, tuple[int, ...]]
) -> str:
    """The kind, and the sizes that the others have not."""
    own = [f"{name} {size}" for name, size in sizes.items() if others.get(name) != size]
    more = ", ..." if len(own) > NAMED else ""
    return f"{kind} with {', '.join(own[:NAMED])}{more}" if own else kind
