"""Initial weights from a trained model instead of random ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol

from worldmodels.nn.parameters import Array, Parameters
from worldmodels.pipeline.errors import UserError

MAX_NAMED = 3  # arrays in an error message

Shapes = Mapping[str, tuple[int, ...]]


class HasParameters(Protocol):
    """A V, or a member of an M."""

    @property
    def kind(self) -> str:
        """Its kind in params and files."""

    parameters: Parameters


class WarmStart(NamedTuple):
    """The source of initial weights.

    Args:
        path: the file they were read from.
        learners: V, or the members of M.
    """

    path: Path
    learners: Sequence[HasParameters]

    def copy_to(self, model: HasParameters, number: int = 0, members: int = 1) -> None:
        """Overwrite the weights of a model by those of the stored model of the same number.

        Args:
            model: V, or a member of M.
            number: of the member.
            members: the number of members that the params ask for.

        Raises:
            UserError: the stored models have another number, kind or sizes.
        """
        if len(self.learners) != members:
            self._refuse(f"it has {len(self.learners)} members", f"{members}")
        stored = self.learners[number]
        shapes, stored_shapes = _shapes(model.parameters), _shapes(stored.parameters)
        if (_form(model), shapes) != (_form(stored), stored_shapes):
            self._refuse(
                f"it is {_description(_form(stored), stored_shapes, shapes)}",
                f"{_description(_form(model), shapes, stored_shapes)}",
            )
        model.parameters.flat[...] = stored.parameters.flat

    def _refuse(self, found: str, wanted: str) -> NoReturn:
        raise UserError(
            f"{self.path}: nothing to start from: {found}, and the params ask for {wanted}"
        )


def _form(model: HasParameters) -> str:
    """The kind, and whether an M predicts the change of z, which no shape shows."""
    return model.kind + ", predict_change" * getattr(model, "predicts_change", False)


def _shapes(arrays: Mapping[str, Array]) -> Shapes:
    return {name: array.shape for name, array in arrays.items()}


def _description(form: str, shapes: Shapes, others: Shapes) -> str:
    """The form, and the shapes that differ from the others."""
    different = [f"{name} {shape}" for name, shape in shapes.items() if others.get(name) != shape]
    more = ", ..." if len(different) > MAX_NAMED else ""
    return f"{form} with {', '.join(different[:MAX_NAMED])}{more}" if different else form
