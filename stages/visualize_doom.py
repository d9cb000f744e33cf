"""visualize_doom: figures and an animation of Take Cover.

Reads v.npz, m.npz, c.npz, evaluation.h5, the reports of evaluate_controls and forecast_ends, and
those of all rounds; writes reports/figures/*.png and reports/dream.gif.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import LatentPolicy
from worldmodels.agent.loading import AgentParts, check_can_dream, check_observations, load_agent
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import Context, StartStates
from worldmodels.envs.doom.env import directions
from worldmodels.envs.doom.rerender import rerender_episode
from worldmodels.envs.doom.task import DoomTask
from worldmodels.figures.common.figure_set import FigureSet
from worldmodels.figures.doom.dream_gif import (
    GAME_SIZE,
    SHOWN_STEPS,
    Game,
    Trace,
    game_frames,
)
from worldmodels.figures.doom.results import Results, result_figures
from worldmodels.figures.doom.rounds import Rounds
from worldmodels.figures.doom.tics_alive import LOOKS, Score
from worldmodels.interfaces import Vision, takes_c
from worldmodels.pipeline.config.env_params import DoomParams
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.reports import (
    StageResult,
    curve_path,
    details_path,
    metrics_path,
    read_curve,
    read_numbers,
)
from worldmodels.pipeline.runner import StageContext, run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import DoomEvaluation
from worldmodels.pipeline.storage.episode import Episode
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.rollout.loop import recorded_rollout


def visualize_doom(
    env: DoomParams,
    temperature: float,
    agent: AgentParts,
    evaluation: DoomEvaluation,
    results: Results,
    streams: RandomStreams,
) -> tuple[FigureSet, StageResult]:
    """All figures, and an animation of C's game of median length beside M's dreams.

    Raises:
        UserError: the game does not repeat the recorded one.
    """
    figures = result_figures(results)
    by_c = np.flatnonzero(evaluation.by_controller)
    lengths = evaluation.lengths[by_c]
    shown = int(by_c[lengths.argsort(kind="stable")[(len(lengths) - 1) // 2]])
    seed, episode = int(evaluation.track_seeds[shown]), evaluation.episode(shown)
    first = max(0, len(episode.actions) - SHOWN_STEPS)
    z = agent.vision.encode(to_pixels(episode.observations))
    starts = start_state(z, episode, first, streams)
    screens = rerender_episode(env, seed, episode, GAME_SIZE)
    screens = progress(screens, "visualize_doom: game", len(z))
    game = Game(
        np.stack([screen for step, screen in enumerate(screens) if step >= first]),
        Trace(decoded(agent.vision, z[first:], env), directions(episode.actions[first:])),
        int(episode.total_reward),
        bool(evaluation.terminated[shown]),
    )
    replayed, ended = replay(agent, starts, episode.actions[first:], temperature, env)
    dream = dream_of_c(agent, starts, len(ended) - 1, temperature, env)
    frames = game_frames(game, replayed, ended, dream)
    animation = list(progress(frames, "visualize_doom: animation", len(game.screens)))
    details = {
        "figures": len(figures),
        "frames": len(animation),
        "shown_seed": seed,
        "shown_tics": game.tics,
        "ended_before_death": float(ended[-1]),
        "dream_decisions": len(dream.directions),
    }
    c, paper = results.scores["controller"], "the paper's C 1,092"
    summary = (
        f"{len(figures)} figures, and an animation of {len(animation)} frames: a game of "
        f"{game.tics} tics of a C that lives {c.mean:.0f} +- {c.stderr:.0f} of them ({paper}); by "
        f"the end of this game its dream has ended with a chance of {100 * ended[-1]:.0f} %"
    )
    return FigureSet(figures, animation), StageResult(summary, details=details)


def start_state(
    z: NDArray[np.float32], episode: Episode, step: int, streams: RandomStreams
) -> StartStates:
    """A dream's start after some steps of an episode of z (L + 1, Z), M burnt in on them all."""
    context = Context(z[None, :step], episode.actions[None, :step], np.array([step]))
    return StartStates(z[step : step + 1], context, int(streams("dream").integers(2**63)))


def replay(
    agent: AgentParts,
    starts: StartStates,
    actions: NDArray[np.float32],
    temperature: float,
    env: DoomParams,
) -> tuple[Trace, NDArray[np.float64]]:
    """A dream with these actions (S, A), and the chance (S + 1,) that it had ended by then."""
    members = agent.memory.members
    dream = DreamEnv(members, starts, 1, len(actions), temperature, sample_done=False)
    z, going_on = [starts.z], [1.0]
    for action in actions:
        features, *_, info = dream.step(action[None])
        z.append(features[:, : starts.z.shape[1]])
        going_on.append(going_on[-1] * (1 - float(info["p_done"][0])))
    pictures = decoded(agent.vision, np.concatenate(z), env)
    return Trace(pictures, directions(actions)), 1 - np.array(going_on)


def dream_of_c(
    agent: AgentParts, starts: StartStates, steps: int, temperature: float, env: DoomParams
) -> Trace:
    """A dream of at most so many steps, in which C acts."""
    with_c = takes_c(agent.controllers.features, agent.memory)
    dream = DreamEnv(agent.memory.members, starts, 1, steps, temperature, observe_c=with_c)
    policy = LatentPolicy(agent.controllers)
    _, recorded = recorded_rollout(dream, policy, "visualize_doom: dream", store=np.copy)
    z = recorded.observations[:, : starts.z.shape[1]]
    return Trace(decoded(agent.vision, z, env), directions(recorded.actions))


def decoded(vision: Vision, z: NDArray[np.float32], env: DoomParams) -> NDArray[np.uint8]:
    """V's decodings (N, H, W, 3) of z (N, Z)."""
    return to_bytes(vision.decode(z)).reshape(-1, *env.view.shape)


def read_rounds(folders: Sequence[Path]) -> Rounds | None:
    """C's scores in the folders of rounds; None without folders.

    Raises:
        UserError: a file is missing or damaged.
    """
    if not folders:
        return None
    validation, dream = [], []
    for folder in folders:
        reports = folder / "reports"
        metrics = metrics_path(reports, "train_c")
        validation += read_numbers(metrics, "train_c", ["validation_return"])
        dream.append(read_curve(curve_path(reports, "train_c"), "train_c")["dream_return"][-1])
    return Rounds(np.array(validation), np.array(dream))


def read_results(run: StageContext) -> Results:
    """The reports of other stages.

    Raises:
        UserError: a file is missing or damaged.
    """
    controls = details_path(run.reports, "evaluate_controls")
    numbers = [f"{name}.{number}" for name in LOOKS for number in ("mean_return", "stderr")]
    *scores, games = read_numbers(controls, "evaluate_controls", [*numbers, "controller.episodes"])
    (ends,) = read_numbers(details_path(run.reports, "forecast_ends"), "forecast_ends", ["ends"])
    return Results(
        run.curve("evaluate_controls"),
        {
            name: Score(*pair)
            for name, pair in zip(LOOKS, zip(scores[::2], scores[1::2], strict=True), strict=True)
        },
        int(games),
        run.curve("forecast_ends"),
        int(ends),
        read_rounds(run.folders),
    )


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    reads = ["v", "m", "c", "evaluation"]
    with run_stage("visualize_doom", reads=reads, folders="rounds", need_folders=False) as run:
        params, evaluation = run.params, run.table("evaluation", DoomEvaluation)
        if not isinstance(params.env, DoomParams):
            raise ParamsError("env.kind: must be doom for visualize_doom")
        task = DoomTask(params.env)
        agent = load_agent([run.paths[name] for name in "vmc"], task, params.c_stage)
        check_observations(run.paths["evaluation"], evaluation, task)
        check_can_dream(run.paths["m"], agent.memory)
        results = read_results(run)
        figure_set, result = visualize_doom(
            params.env, params.dream_temperature, agent, evaluation, results, run.streams
        )
        frames_per_second = params.visualize.frames_per_second
        figure_set.save(run.reports, "dream.gif", frames_per_second, run.writing)
        run.report(result)


if __name__ == "__main__":
    main()
