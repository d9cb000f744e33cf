"""One M, or several that were trained apart: what they disagree about, none of them knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.registry import MEMORIES, kind_of
from worldmodels.nn.parameters import Array


class Ensemble:
    """To a C that drives it is its first member; to a dream it is all of them.

    Args:
        members: alike in their sizes.

    Raises:
        ValueError: none, or their sizes differ.
    """

    KIND: ClassVar = "ensemble"  # of a file that holds more than one

    def __init__(self, members: Sequence[RecurrentMemory]) -> None:
        sizes = {(m.z_size, m.action_size, m.hidden_size, m.predicts_reward_done) for m in members}
        if len(sizes) != 1:
            raise ValueError(f"members must be alike; their sizes are {sorted(sizes)}")
        ((self.z_size, self.action_size, self.hidden_size, self.predicts_reward_done),) = sizes
        self.members = tuple(members)
        self.kind = self.KIND if len(members) > 1 else members[0].kind

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Ensemble:
        """The members in a file: "0.lstm.bias" is number 0's, and so on.

        Raises:
            ValueError: the arrays are not those of members.
        """
        by_member: dict[str, dict[str, Array]] = {}
        for name, array in arrays.items():
            number, _, own = name.partition(".")
            by_member.setdefault(number, {})[own] = array
        if sorted(by_member) != sorted(map(str, range(len(by_member)))):
            raise ValueError(f"members must be numbered from 0, found {sorted(by_member)}")
        members = [by_member[str(number)] for number in range(len(by_member))]
        return cls([MEMORIES[kind_of(own)](own) for own in members])

    def arrays(self) -> dict[str, Array]:
        """As a file of this kind holds them; `from_arrays` takes those of several members."""
        if len(self.members) == 1:
            return self.members[0].arrays()
        return {
            f"{number}.{name}": array
            for number, member in enumerate(self.members)
            for name, array in member.arrays().items()
        }

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The first member's next h and c."""
        return self.members[0].step(z, actions, h, c)


def _alone(kind: str) -> Callable[[Mapping[str, Array]], Ensemble]:
    return lambda arrays: Ensemble([MEMORIES[kind](arrays)])


ENSEMBLES: dict[str, Callable[[Mapping[str, Array]], Ensemble]] = {  # by the kind of a file
    Ensemble.KIND: Ensemble.from_arrays,
    **{kind: _alone(kind) for kind in MEMORIES},
}
