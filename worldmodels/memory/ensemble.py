"""An ensemble: one M, or several that are trained independently."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.registry import MEMORIES, kind_of
from worldmodels.nn.parameters import Array


class Ensemble:
    """One or several Ms of the same sizes.

    Agents use member 0; dreams use all members (z from one of them, the lowest reward, the highest
    p(done)). Where the members disagree, none of them is reliable.

    Args:
        members: of equal sizes.

    Raises:
        ValueError: there are none, or their sizes differ.
    """

    KIND: ClassVar = "ensemble"  # the kind of a file with more than one member

    def __init__(self, members: Sequence[RecurrentMemory]) -> None:
        sizes = {
            (m.z_size, m.action_size, m.hidden_size, m.columns, m.predicts_reward_done)
            for m in members
        }
        if len(sizes) != 1:
            raise ValueError(f"members must be alike; their sizes are {sorted(sizes)}")
        first = members[0]
        self.z_size, self.action_size = first.z_size, first.action_size
        self.hidden_size, self.columns = first.hidden_size, first.columns
        self.predicts_reward_done = first.predicts_reward_done
        self.members = tuple(members)
        self.kind = self.KIND if len(members) > 1 else members[0].kind

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Ensemble:
        """The ensemble of a file whose array "0.lstm.bias" belongs to member 0, and so on.

        Raises:
            ValueError: the arrays are not those of members.
        """
        by_member: dict[str, dict[str, Array]] = {}
        for name, array in arrays.items():
            number, _, member_name = name.partition(".")
            by_member.setdefault(number, {})[member_name] = array
        if sorted(by_member) != sorted(map(str, range(len(by_member)))):
            raise ValueError(f"members must be numbered from 0, found {sorted(by_member)}")
        members = [by_member[str(number)] for number in range(len(by_member))]
        return cls([MEMORIES[kind_of(own)](own) for own in members])

    def arrays(self) -> dict[str, Array]:
        """The arrays of a file: a single member's own, or those that `from_arrays` takes."""
        if len(self.members) == 1:
            return self.members[0].arrays()
        return {
            f"{number}.{name}": array
            for number, member in enumerate(self.members)
            for name, array in member.arrays().items()
        }

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c of member 0."""
        return self.members[0].step(z, actions, h, c)


def _single(kind: str) -> Callable[[Mapping[str, Array]], Ensemble]:
    return lambda arrays: Ensemble([MEMORIES[kind](arrays)])


# Constructors by the kind of a file, which take its arrays.
ENSEMBLES: dict[str, Callable[[Mapping[str, Array]], Ensemble]] = {
    Ensemble.KIND: Ensemble.from_arrays,
    **{kind: _single(kind) for kind in MEMORIES},
}
