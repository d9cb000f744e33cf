"""visualize_dreams: Doom's scores by the temperature of dreams, and what these show.

Reads latents.h5, v.npz, m.npz, the curve of temperature_study, and folders of Cs, of which each has
models/c.npz, data/evaluation.h5 and the reports of evaluate_dream; writes reports/figures/*.png.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

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
from worldmodels.figures.common.style import save
from worldmodels.figures.doom.dreams import Scores, Temperature, dreams_figure
from worldmodels.figures.doom.temperature import temperature_figure
from worldmodels.interfaces import takes_c
from worldmodels.pipeline.config.env_params import DoomParams
from worldmodels.pipeline.errors import ParamsError
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
from worldmodels.pipeline.storage.artifacts import DoomEvaluation, Latents
from worldmodels.pipeline.storage.pixels import to_bytes, to_pixels
from worldmodels.rollout.loop import recorded_rollout

DREAMS = 16  # of which the first is shown that lasts long enough
SHOWN = (50, 100, 150, 200)  # steps whose pictures are shown


def dream_pictures(
    env: DoomParams, agent: AgentParts, latents: Latents, temperature: float, streams: RandomStreams
) -> NDArray[np.uint8]:
    """Pictures of a dream of C, after the steps of SHOWN."""
    starts = StartSampler(latents, held_out=True).sample(DREAMS, streams("starts"))
    dream = DreamEnv(
        *(agent.memory.members, starts, DREAMS, max(SHOWN), temperature),
        observe_c=takes_c(agent.controllers.features, agent.memory),
    )
    policy = LatentPolicy(agent.controllers)
    stats, recorded = recorded_rollout(dream, policy, "visualize_dreams", store=np.copy)
    number = first_of_length(stats.lengths)
    first = int((stats.lengths[:number] + 1).sum())
    z = recorded.observations[first : first + stats.lengths[number] + 1, : agent.vision.z_size]
    return pictures(agent, z, env)


def game_pictures(
    env: DoomParams, agent: AgentParts, evaluation: DoomEvaluation
) -> NDArray[np.uint8]:
    """Pictures of a game of C after those steps, as V shows them."""
    by_c = np.flatnonzero(evaluation.by_controller)
    number = by_c[first_of_length(evaluation.lengths[by_c])]
    z = agent.vision.encode(to_pixels(evaluation.episode(int(number)).observations))
    return pictures(agent, z, env)


def first_of_length(lengths: NDArray[np.int64]) -> int:
    """The number of the first episode that lasts as long as is shown, or of the longest."""
    return int(np.minimum(lengths, max(SHOWN)).argmax())


def pictures(agent: AgentParts, z: NDArray[np.float32], env: DoomParams) -> NDArray[np.uint8]:
    """V's pictures (n, H, W, 3) after the steps of SHOWN, given z (L + 1, Z) of an episode."""
    shown = z[np.minimum(SHOWN, len(z) - 1)]
    return to_bytes(agent.vision.decode(shown)).reshape(-1, *env.view.shape)


def read_temperatures(
    run: StageContext, env: DoomParams, latents: Latents
) -> tuple[list[Temperature], NDArray[np.uint8]]:
    """What is shown of each temperature, from the coldest up, and pictures of a game.

    Pictures are those of the first C of a temperature, and of the game of the warmest.

    Raises:
        UserError: a file is missing or damaged, or does not fit the others.
    """
    folders: dict[float, list[Path]] = defaultdict(list)
    for folder in run.folders:
        path = details_path(folder / "reports", "evaluate_dream")
        (temperature,) = read_numbers(path, "evaluate_dream", ["temperature"])
        folders[temperature].append(folder)
    task, shown = DoomTask(env), []
    for temperature, cells in sorted(folders.items()):
        paths = run.paths["v"], run.paths["m"], cells[0] / "models/c.npz"
        agent = load_agent(paths, task, run.params.c_stage)
        check_can_dream(run.paths["m"], agent.memory)
        check_latents(run.paths["latents"], latents, run.paths["v"], agent.vision)
        dream = dream_pictures(env, agent, latents, temperature, run.streams)
        shown.append(Temperature(temperature, *read_scores(cells), dream))
    path = cells[0] / "data/evaluation.h5"
    evaluation = DoomEvaluation.read(path)
    check_observations(path, evaluation, task)
    return shown, game_pictures(env, agent, evaluation)


def read_scores(cells: Sequence[Path]) -> tuple[Scores, Scores]:
    """The scores of a temperature's Cs in dreams, and in games.

    Raises:
        UserError: a file is missing or damaged.
    """
    name = "evaluate_dream"
    curves = [read_curve(curve_path(folder / "reports", name), name) for folder in cells]
    numbers = ["mean_return", "fire_share", "env_return", "env_fire_share"]
    read = [read_numbers(metrics_path(each / "reports", name), name, numbers) for each in cells]
    dream_return, fire_share, env_return, env_fire_share = np.mean(read, axis=0).tolist()
    dreams, games = (np.concatenate([each[key] for each in curves]) for key in ("dream", "game"))
    return Scores(dream_return, dreams, fire_share), Scores(env_return, games, env_fire_share)


def main() -> None:
    """Read the files of the command line, run the stage, write its figures."""
    with run_stage("visualize_dreams", reads=["latents", "v", "m"], folders="cells") as run:
        env, study = run.params.env, run.curve("temperature_study")
        if not isinstance(env, DoomParams):
            raise ParamsError("env.kind: must be doom for visualize_dreams")
        shown, game = read_temperatures(run, env, run.table("latents", Latents))
        figures = {
            "temperature": temperature_figure(study),
            "dreams": dreams_figure(shown, game, [step * env.frame_skip for step in SHOWN]),
        }
        for name, figure in figures.items():
            with run.writing(run.reports / "figures" / f"{name}.png") as path:
                save(figure, path)
        details = {"figures": len(figures), "temperatures": [each.temperature for each in shown]}
        coldest = shown[0]
        summary = (
            f"{len(figures)} figures; C from dreams of temperature {coldest.temperature:g} lives "
            f"{coldest.dreams.mean_return:.0f} tics in them, and {coldest.games.mean_return:.0f} "
            "in games"
        )
        run.report(StageResult(summary, details=details))


if __name__ == "__main__":
    main()
