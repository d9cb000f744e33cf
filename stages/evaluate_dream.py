"""evaluate_dream: how long C lives in M's dreams of whole games, and what those show.

Reads latents.h5, v.npz, m.npz, c.npz, and the evaluation.h5 of that C, its games.

C is trained in dreams of a few steps that start anywhere. These start where held-out games do, and
last until M ends them. In Doom M has learned shaped rewards, so the return of a dream is its tics,
as that of a game is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import LatentPolicy
from worldmodels.agent.loading import (
    AgentParts,
    check_can_dream,
    check_latents,
    check_observations,
    load_agent,
)
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartSampler
from worldmodels.envs.doom.task import DoomTask
from worldmodels.interfaces import Vision, takes_c
from worldmodels.pipeline.config.env_params import DoomParams
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.reports import StageResult
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import DoomEvaluation, Latents
from worldmodels.pipeline.storage.pixels import to_pixels
from worldmodels.policies.action_sequences import ActionSequences
from worldmodels.rollout.loop import Policy, recorded_rollout

Scores = tuple[NDArray[Any], float]  # tics alive (N,), and the share of pictures that show fire
FIRE = 0.7  # of the brightest channel of a pixel, from which fireballs and explosions are
EVERY = 4  # steps between two pictures that are looked at
CHUNK = 1024  # pictures that V decodes at once


def evaluate_dream(
    env: DoomParams,
    temperature: float,
    episodes: int,
    agent: AgentParts,
    latents: Latents,
    evaluation: DoomEvaluation,
    streams: RandomStreams,
) -> StageResult:
    """C in so many dreams of that temperature, beside its games, and who stands still beside it."""
    starts = StartSampler(latents, held_out=True).sample(episodes, streams("starts"))

    def dreams(policy: Policy) -> Scores:
        with_c = takes_c(agent.controllers.features, agent.memory)
        dream = DreamEnv(
            *(agent.memory.members, starts, episodes, env.max_steps, temperature),
            observe_c=with_c,
        )
        stats, recorded = recorded_rollout(dream, policy, "evaluate_dream", store=np.copy)
        z = recorded.observations[::EVERY, : agent.vision.z_size]
        return stats.lengths * env.frame_skip, fire_share(agent.vision, z)

    still = DoomTask(env).controls["still"]["still"]
    dreamt, fire = dreams(LatentPolicy(agent.controllers))
    stood, _ = dreams(ActionSequences([still]))
    played, env_fire = games(agent.vision, evaluation)
    mean, stderr = dreamt.mean(), dreamt.std() / np.sqrt(episodes)
    metrics = {
        "mean_return": float(mean),
        "stderr": float(stderr),
        "env_return": float(played.mean()),
        "fire_share": fire,
        "env_fire_share": env_fire,
        "still_return": float(stood.mean()),
    }
    details = {
        "temperature": temperature,
        "episodes": episodes,
        "std_return": float(dreamt.std()),
        "truncated": int((dreamt >= env.max_steps * env.frame_skip).sum()),
    }
    percents = np.arange(101.0)
    columns = [percents, *(np.percentile(each, percents) for each in (dreamt, played))]
    curve = [
        dict(zip(("percentile", "dream", "game"), row, strict=True))
        for row in zip(*columns, strict=True)
    ]
    summary = (
        f"C lives {mean:.0f} +- {stderr:.0f} tics in {episodes} dreams of temperature "
        f"{temperature:g}, and {played.mean():.0f} in {len(played)} games; who stands "
        f"still, {stood.mean():.0f} in the dreams. Fire is in {100 * fire:.0f} % "
        f"of the dreams' pictures, and in {100 * env_fire:.0f} % of the games'"
    )
    return StageResult(summary, metrics, details, curve)


def games(vision: Vision, evaluation: DoomEvaluation) -> Scores:
    """The recorded games of C, as V shows them."""
    by_c = evaluation.by_controller
    tics = np.add.reduceat(evaluation.rewards, evaluation.first_step[:-1])[by_c]
    frames = np.flatnonzero(np.repeat(by_c, evaluation.lengths + 1))[::EVERY]
    z = [
        vision.encode(to_pixels(evaluation.observations[rows]))
        for rows in np.split(frames, range(CHUNK, len(frames), CHUNK))
    ]
    return tics, fire_share(vision, np.concatenate(z))


def fire_share(vision: Vision, z: NDArray[Any]) -> float:
    """The share of V's pictures of z (N, Z) with a pixel as bright as fire.

    V shows far fireballs as bright as near ones, in any colour of the light: yellow, nearly white.
    """
    bright = [
        vision.decode(rows).max(axis=1) >= FIRE for rows in np.split(z, range(CHUNK, len(z), CHUNK))
    ]
    return float(np.concatenate(bright).mean())


def main() -> None:
    """Read the files of the command line, run the stage, write its reports."""
    with run_stage("evaluate_dream", reads=["latents", "v", "m", "c", "evaluation"]) as run:
        params = run.params
        if not isinstance(params.env, DoomParams):
            raise ParamsError("env.kind: must be doom for evaluate_dream")
        task = DoomTask(params.env)
        agent = load_agent([run.paths[name] for name in "vmc"], task, params.c_stage)
        check_can_dream(run.paths["m"], agent.memory)
        latents, evaluation = run.table("latents", Latents), run.table("evaluation", DoomEvaluation)
        check_latents(run.paths["latents"], latents, run.paths["v"], agent.vision)
        check_observations(run.paths["evaluation"], evaluation, task)
        temperature, episodes = params.dream_temperature, params.evaluate.episodes
        result = evaluate_dream(
            *(params.env, temperature, episodes, agent, latents, evaluation, run.streams)
        )
        run.report(result)


if __name__ == "__main__":
    main()
