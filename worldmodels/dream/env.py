"""M as a world: what is seen next, what it earns and whether it is the end are what M says.

Nobody looks out of the window: an agent that lives here has never seen the world that M learned
from. Ha & Schmidhuber 2018, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.interfaces import Imagination, Memory

Array = NDArray[Any]
Info = dict[str, Array]
Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]
STEER = 0  # the number of the action
PACE = 20  # steps at the end of a dream, by which what would come after it is judged


class Past(NamedTuple):
    """What came before the starts of dreams, W steps at the most, as it was recorded."""

    z: NDArray[np.float32]  # (starts, W, Z)
    actions: NDArray[np.float32]  # (starts, W, A), what was then done
    steps: NDArray[np.int64]  # (starts,), how many of them, the last ones, a start has


class Dream:
    """Many cars, each in a dream of its own, behind Gymnasium's vector signature.

    Action space: (num_cars, A), whatever M has learned from.
    Observation space: (num_cars, Z + H) float32: z, and the h before the action of the M that
        remembers.
    Rewards: M's; of several Ms the least that any of them says: what one of them alone believes in
        is not worth cheating for. Those of the last `PACE` steps count for what would come after
        the dream as well: who is lost by then has lost more than its rest. Steering
        may cost some of it: an M that has seen nothing but cars steered from lock to lock takes
        that for the only way to drive.
    Starting state: car i at starts[i % len(starts)], with an M that remembers the past of that
        start, if it is given one; otherwise nothing.
    Episode end: terminated with M's probability (of several Ms the greatest); truncated after
        `max_steps`. No auto-reset: a finished car stands still and earns 0.
    Randomness: the noise of a step is the same for all cars with the same start, so that candidates
        meet the same fate; it hangs on `seed`, the step and the start alone.
    Info: `laps`, which no M counts: 0.

    Args:
        members: one M, or several; the next z of starts[j] is from number j % len(members).
        starts: (starts, Z), where dreams begin.
        num_cars: rows of every array; whole multiples of the starts.
        max_steps: when an episode is cut short.
        temperature: 1 is the world as learned, more a less certain one, towards 0 a surer one.
        seed: of the noise.
        past: of each start; None if they have none.
        remembers: the M whose h is seen; None for the first that dreams.
        onward: how many steps would come after a dream, at the pace of its last ones.
        effort: what a step of steering as far as can be costs; by its square, so half as far costs
            a quarter.
    """

    def __init__(
        self,
        members: Sequence[Imagination],
        starts: NDArray[np.float32],
        num_cars: int,
        max_steps: int,
        temperature: float,
        seed: int,
        past: Past | None = None,
        remembers: Memory | None = None,
        onward: float = 0.0,
        effort: float = 0.0,
    ) -> None:
        if not members or not len(starts) or num_cars < 1 or max_steps < 1 or temperature <= 0:
            raise ValueError(
                "a dream needs at least one M, start, car and step, and a positive temperature, "
                f"not {len(members)}, {len(starts)}, {num_cars}, {max_steps} and {temperature}"
            )
        self.num_cars = num_cars
        self.max_steps = max_steps
        self.action_size = members[0].action_size
        self._members = members
        self._starts = starts
        self._temperature = temperature
        self._seed = seed
        self._effort = effort
        self._late = max(0, max_steps - PACE)  # the first of the last steps
        self._late_weight = 1 + onward / min(PACE, max_steps)
        self._awake = [*members] if remembers is None else [*members, remembers]
        self._seen = 0 if remembers is None else len(members)  # the number of whose h is seen
        self._memories = [self._of_the_past(memory, past) for memory in self._awake]
        self.reset()

    def _of_the_past(self, memory: Memory, past: Past | None) -> tuple[Array, Array]:
        """An M's h and c (starts, H) where the dreams begin."""
        h = np.zeros((len(self._starts), memory.hidden_size), np.float32)
        c = np.zeros_like(h)
        if past is not None:
            for number in range(past.z.shape[1]):
                has = past.steps >= past.z.shape[1] - number
                z, actions = past.z[has, number], past.actions[has, number]
                h[has], c[has] = memory.step(z, actions, h[has], c[has])
        return h, c

    def reset(self, *, seed: int | None = None) -> tuple[NDArray[np.float32], Info]:
        """Fall asleep: the same dreams again, or those of another seed."""
        self._rng = np.random.default_rng(self._seed if seed is None else seed)
        self._start = np.arange(self.num_cars) % len(self._starts)
        self._z: NDArray[np.float32] = self._starts[self._start]
        self._h, self._c = (
            [state[self._start] for state in states] for states in zip(*self._memories, strict=True)
        )
        self._done = np.zeros(self.num_cars, np.bool_)
        self._terminated = np.zeros(self.num_cars, np.bool_)
        self._steps = np.zeros(self.num_cars, np.int64)
        return self._observation(), self._info()

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows only, until the next reset."""
        self._start, self._z, self._done = self._start[rows], self._z[rows], self._done[rows]
        self._h, self._c = [h[rows] for h in self._h], [c[rows] for c in self._c]
        self._steps, self._terminated = self._steps[rows], self._terminated[rows]

    def step(self, actions: ArrayLike) -> Step:
        """Dream every car one step on.

        Raises:
            ValueError: the actions are not (cars, A) numbers, or one of them is NaN.
        """
        action = np.asarray(actions, np.float32)
        if action.shape != (len(self._z), self.action_size) or np.isnan(action).any():
            raise ValueError(
                f"actions must be ({len(self._z)}, {self.action_size}) numbers; "
                f"found an array of {action.shape}"
            )
        z_before, h_before, c_before = self._z, self._h, self._c
        states = [
            memory.step(self._z, action, h, c)
            for memory, h, c in zip(self._awake, self._h, self._c, strict=True)
        ]
        self._h, self._c = [h for h, _ in states], [c for _, c in states]
        z, rewards, ends = self._come_true()
        rewards -= self._effort * np.square(action[:, STEER])
        rewards[self._steps >= self._late] *= self._late_weight
        self._steps += ~self._done
        if self._done.any():  # who has finished stands still, and so keeps its flags
            asleep = self._done
            z[asleep] = z_before[asleep]
            pairs = zip((*self._h, *self._c), (*h_before, *c_before), strict=True)
            for now, then in pairs:
                now[asleep] = then[asleep]
            rewards[asleep] = 0.0
            ends[asleep] = self._terminated[asleep]
        self._z, self._terminated = z, ends
        truncated = self._steps >= self.max_steps
        self._done = ends | truncated
        return self._observation(), rewards, ends, truncated, self._info()

    def _come_true(self) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_]]:
        """The next z, the reward and the end that the states stand for."""
        count, z_size = self._starts.shape
        uniform = self._rng.random((count, z_size), np.float32)[self._start]
        normal = self._rng.standard_normal((count, z_size), np.float32)[self._start]
        fate = self._rng.random((count,))[self._start]
        dreaming = zip(self._members, self._h, strict=False)  # who only remembers stands last
        readouts = [(member, member.readout(h)) for member, h in dreaming]
        outcomes = [member.outcome(readout) for member, readout in readouts]
        rewards, risks = zip(*outcomes, strict=True)
        z = np.empty_like(self._z)
        for number, (member, readout) in enumerate(readouts):
            own = self._start % len(self._members) == number
            z[own] = member.sample(readout[own], uniform[own], normal[own], self._temperature)
        ends = np.asarray(fate < np.max(risks, axis=0))
        return z, np.min(rewards, axis=0).astype(np.float64), ends

    def _observation(self) -> NDArray[np.float32]:
        return np.concatenate([self._z, self._h[self._seen]], axis=1)

    def _info(self) -> Info:
        return {"laps": np.zeros(len(self._z))}
