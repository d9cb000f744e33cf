"""Dreams from recorded states, with noise on C's actions, as batches for PPO."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.interfaces import PolicyState, feature_counts
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.sequences import states_before, whole_episodes
from worldmodels.nn.parameters import Array
from worldmodels.pipeline.config.ppo_params import TrainC
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.ppo.networks import MLP, Standardization

MAX_STATES = 1 << 15  # that dreams start in: 80 MB with z of 64 numbers and h of 256


class RecordedStates(NamedTuple):
    """States of recorded episodes, before N of their steps."""

    z: NDArray[Any]  # (N, Z)
    states: list[tuple[NDArray[Any], NDArray[Any]]]  # h and c (N, H) of each M
    observed: int = 0  # the number of the M whose h C sees

    def features(self, inputs: str) -> NDArray[Any]:
        """What a C with these inputs sees (N, F)."""
        h, c = self.states[self.observed]
        count = feature_counts(self.z.shape[1], h.shape[1])[inputs]
        return PolicyState(h, c, inputs == "zch").features(self.z)[:, :count]

    def sample(self, count: int, rng: Generator) -> StartStates:
        """Start states of that many dreams."""
        rows = rng.integers(len(self.z), size=count)
        states = [(h[rows], c[rows]) for h, c in self.states]
        return StartStates(self.z[rows], seed=int(rng.integers(2**63)), states=states)


def recorded_states(
    memory: Ensemble,
    latents: Latents,
    replay_rounds: int,
    rng: Generator,
    policy_memory: Ensemble | None = None,
) -> RecordedStates:
    """States anywhere in the episodes of the last rounds, with M's h and c after all steps before.

    They are computed once, which takes a pass over the episodes: to burn M in for each dream
    anew would take as long as the dreams.

    Args:
        memory: M, which dreams.
        latents: the episodes.
        replay_rounds: the last rounds.
        rng: draws the states.
        policy_memory: the M whose h C sees, if it is not the first member of the one that dreams.

    Raises:
        ParamsError: the episodes are too short.
    """
    chosen = ~latents.held_out
    chosen &= latents.round > latents.round[chosen].max(initial=0) - replay_rounds
    try:
        episodes = whole_episodes(latents, chosen)
    except ValueError as error:
        raise ParamsError(f"collect.episodes: {error}; collect more of them") from None
    kept = rng.permutation(int(episodes.steps.sum())) < MAX_STATES
    members = [*memory.members, *(policy_memory.members[:1] if policy_memory else [])]
    z: list[Array] = []
    parts: list[list[tuple[Array, Array]]] = []
    for rows in episodes.chunks():
        sequences = episodes.sample(rows, rng)
        own, kept = np.split(kept, [len(sequences.z)])
        after = [member.states(sequences, with_c=True) for member in members]
        before = [states_before(each, sequences.batch_sizes)[own] for each in after]
        z.append(sequences.z[own])
        parts.append([_h_and_c(each) for each in before])
    states = [
        (np.concatenate([h for h, _ in own]), np.concatenate([c for _, c in own]))
        for own in zip(*parts, strict=True)
    ]
    return RecordedStates(np.concatenate(z), states, len(memory.members) if policy_memory else 0)


def _h_and_c(states: Array) -> tuple[Array, Array]:
    """Of states with c and h side by side."""
    size = states.shape[1] // 2
    return states[:, size:], states[:, :size]


class DreamBatch(NamedTuple):
    """T steps of B dreams."""

    x: Array  # (T + 1, B, F), standardised features before each step and after the last
    actions: Array  # (T, B, A), before the tanh
    means: Array  # (T, B, A), of the policy that took them
    rewards: Array  # (T, B)
    continues: Array  # (T, B), the probability that the dream goes on, or 0 and 1 if ends are drawn


class DreamCollector:
    """Collects dreams of a policy with Gaussian noise on its actions.

    Args:
        settings: of the dreams.
        memory: M.
        starts: where dreams start.
        scale: of the policy's features.
        policy_memory: the M whose h the policy sees, if it is not the first member of `memory`.
    """

    def __init__(
        self,
        settings: TrainC,
        memory: Ensemble,
        starts: RecordedStates,
        scale: Standardization,
        policy_memory: Ensemble | None = None,
    ) -> None:
        self._settings = settings
        self._memory = memory
        self._policy_memory = policy_memory.members[0] if policy_memory else None
        self._starts = starts
        self._scale = scale

    def __call__(self, policy: MLP, rng: Generator) -> DreamBatch:
        """A batch of dreams, each from a fresh start."""
        settings = self._settings
        dream = DreamEnv(
            self._memory.members,
            self._starts.sample(settings.episodes, rng),
            settings.episodes,
            settings.horizon,
            settings.temperature,
            self._policy_memory,
            sample_done=settings.sample_done,
            observe_c=settings.inputs == "zch",
        )
        observations, _ = dream.reset()
        xs, steps = [self._standardized(observations)], []
        for _ in range(settings.horizon):
            mean = policy(xs[-1])
            noise = rng.standard_normal(mean.shape, np.float32)
            action = mean + np.float32(settings.action_std) * noise
            observations, rewards, terminated, _, info = dream.step(np.tanh(action))
            continues = 1 - info.get("p_done", terminated)
            xs.append(self._standardized(observations))
            steps.append((action, mean, rewards, continues))
        return DreamBatch(np.stack(xs), *(np.stack(each) for each in zip(*steps, strict=True)))

    def _standardized(self, observations: Array) -> NDArray[np.float32]:
        return self._scale.transform(observations[:, : len(self._scale.mean)])
