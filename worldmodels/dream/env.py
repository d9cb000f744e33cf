"""M as an environment: it predicts the next z, the reward and the end of the episode.

A policy that is trained here never sees the environment that M was trained on (Ha & Schmidhuber
2018, section 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.dream.starts import Context, StartStates
from worldmodels.interfaces import Imagination, Memory, PolicyState

Array = NDArray[Any]
Info = dict[str, Array]
Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]


class DreamEnv:
    """Many imagined episodes at once, behind Gymnasium's vector API.

    Action space: (num_envs, A), that of the environment that M was trained on.
    Observation space: (num_envs, Z + H) float32: z, and the h before the action, of
        `policy_memory`; with `observe_c` (num_envs, Z + 2H): z, c and h.
    Rewards: M's prediction; of an ensemble the least, so that no C exploits what one member alone
        believes.
    Starting state: row i at start_states.z[i % S], with h and c of its states, or burnt in on its
        context, or zeros if it has neither.
    Episode end: terminated with M's probability, of an ensemble the greatest, or never, if
        `sample_done` is false; truncated after `max_steps`. No auto-reset: a finished row stays
        where it is and its rewards are 0.
    Randomness: the noise of a step is the same for all rows with the same start, so that candidates
        are compared on common random numbers; it depends on the seed, the step and the start alone.
    Info: `lap_fraction`, which no M predicts: 0; if ends are not drawn, `p_done`, the probability
        that the step ended the episode.

    Args:
        members: one M, or several; the next z of start j comes from number j % len(members).
        start_states: where episodes start, and the seed of their noise.
        num_envs: rows of every array; a multiple of the number of starts.
        max_steps: steps after which an episode is truncated.
        temperature: of the predictions: 1 as learned, above 1 more random, towards 0 deterministic.
        policy_memory: the M whose h is observed; None for the first member.
        sample_done: whether ends are drawn. It changes no z.
        observe_c: whether c is observed, too.
    """

    def __init__(
        self,
        members: Sequence[Imagination],
        start_states: StartStates,
        num_envs: int,
        max_steps: int,
        temperature: float,
        policy_memory: Memory | None = None,
        sample_done: bool = True,
        observe_c: bool = False,
    ) -> None:
        starts = len(start_states.z)
        if not members or not starts or num_envs < 1 or max_steps < 1 or temperature <= 0:
            raise ValueError(
                "a dream needs at least one M, start, row and step, and a positive temperature, "
                f"not {len(members)}, {starts}, {num_envs}, {max_steps} and {temperature}"
            )
        self.num_envs = num_envs
        self.max_steps = max_steps
        self.action_size = members[0].action_size
        self._members = members
        self._starts: NDArray[np.float32] = start_states.z
        self._temperature = temperature
        self._sample_done = sample_done
        self._observe_c = observe_c
        self._seed = start_states.seed
        self._memories = [*members] if policy_memory is None else [*members, policy_memory]
        self._observed = 0 if policy_memory is None else len(members)  # the number of its h
        self._initial_states = start_states.states or [
            self._burn_in(memory, start_states.context) for memory in self._memories
        ]
        self.reset()

    def _burn_in(self, memory: Memory, context: Context | None) -> tuple[Array, Array]:
        """An M's h and c (starts, H) after the context."""
        h = np.zeros((len(self._starts), memory.hidden_size), np.float32)
        c = np.zeros_like(h)
        if context is not None:
            for number in range(context.z.shape[1]):
                has = context.steps >= context.z.shape[1] - number
                z, actions = context.z[has, number], context.actions[has, number]
                h[has], c[has] = memory.step(z, actions, h[has], c[has])
        return h, c

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Info]:
        """Start every episode anew, with the same noise, or with that of another seed.

        Raises:
            ValueError: there is an option; none is known.
        """
        if options:
            raise ValueError(f"reset has no options; found {', '.join(map(repr, options))}")
        self._rng = np.random.default_rng(self._seed if seed is None else seed)
        self._start = np.arange(self.num_envs) % len(self._starts)
        self._z: NDArray[np.float32] = self._starts[self._start]
        self._h, self._c = (
            [state[self._start] for state in states]
            for states in zip(*self._initial_states, strict=True)
        )
        observed = self._h[self._observed], self._c[self._observed]
        self._state = PolicyState(*observed, self._observe_c)
        self._done = np.zeros(self.num_envs, np.bool_)
        self._terminated = np.zeros(self.num_envs, np.bool_)
        self._steps = np.zeros(self.num_envs, np.int64)
        self._p_done: Array = np.zeros(self.num_envs)
        return self._state.features(self._z), self._info()

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows, until the next reset."""
        self._start, self._z, self._done = self._start[rows], self._z[rows], self._done[rows]
        self._h, self._c = [h[rows] for h in self._h], [c[rows] for c in self._c]
        self._state.keep(rows)
        self._steps, self._terminated = self._steps[rows], self._terminated[rows]

    def step(self, actions: ArrayLike) -> Step:
        """One imagined step of every episode.

        Raises:
            ValueError: the actions are not (rows, A) numbers, or one of them is NaN.
        """
        action = np.asarray(actions, np.float32)
        if action.shape != (len(self._z), self.action_size):
            raise ValueError(
                f"actions must be ({len(self._z)}, {self.action_size}) numbers; "
                f"found an array of {action.shape}"
            )
        if np.isnan(action).any():
            row, entry = np.argwhere(np.isnan(action))[0]
            raise ValueError(f"actions must be numbers; found NaN in row {row}, column {entry}")
        z_before, h_before, c_before = self._z, self._h, self._c
        states = [
            memory.step(self._z, action, h, c)
            for memory, h, c in zip(self._memories, self._h, self._c, strict=True)
        ]
        self._h, self._c = [h for h, _ in states], [c for _, c in states]
        z, rewards, terminated = self._sample_transition(action)
        self._steps += ~self._done
        if self._done.any():  # a finished row stays where it is, and so keeps its flags
            finished = self._done
            z[finished] = z_before[finished]
            pairs = zip((*self._h, *self._c), (*h_before, *c_before), strict=True)
            for after, before in pairs:
                after[finished] = before[finished]
            rewards[finished] = 0.0
            terminated[finished] = self._terminated[finished]
        self._z, self._terminated = z, terminated
        self._state.update(self._h[self._observed], self._c[self._observed])
        truncated = self._steps >= self.max_steps
        self._done = terminated | truncated
        return self._state.features(z), rewards, terminated, truncated, self._info()

    def _sample_transition(
        self, actions: Array
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_]]:
        """The next z, the reward, and whether the episode terminates, given the states after it."""
        count, z_size = self._starts.shape
        uniform = self._rng.random((count, z_size), np.float32)[self._start]
        normal = self._rng.standard_normal((count, z_size), np.float32)[self._start]
        done_threshold = self._rng.random((count,))[self._start]
        members = zip(self._members, self._h, strict=False)  # the policy's memory stands last
        features = [(member, member.head_features(h, self._z, actions)) for member, h in members]
        rewards, p_done = zip(*(member.reward_and_done(x) for member, x in features), strict=True)
        z = np.empty_like(self._z)
        for number, (member, x) in enumerate(features):
            own = self._start % len(self._members) == number
            noise = uniform[own], normal[own]
            z[own] = member.sample(x[own], self._z[own], *noise, self._temperature)
        self._p_done = np.max(p_done, axis=0)
        terminated = np.asarray(done_threshold < self._p_done) & self._sample_done
        return z, np.min(rewards, axis=0).astype(np.float64), terminated

    def _info(self) -> Info:
        info = {"lap_fraction": np.zeros(len(self._z))}
        return info if self._sample_done else {**info, "p_done": self._p_done}
