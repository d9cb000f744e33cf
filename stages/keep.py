"""keep: V, M and C of the round that drives best.     folders of rounds -> v.npz, m.npz, c.npz

A round's C is the best of many that drove on a few tracks, so that what it came to there is luck,
too. Those of the best rounds drive again, all on the same many tracks, by which none was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from stages.agent import Agent
from stages.artifacts import Model
from stages.errors import UserError
from stages.grounds import grounds_of
from stages.params import ALONE, Compute, World
from stages.randomness import Streams
from stages.recording import always, record
from stages.reports import read_metrics
from stages.rollout import Outcome
from stages.stage import Report, stage
from stages.trained import AGENT, Trained, trained_in

FINALISTS = 3  # rounds that drive again


def finalists(folders: Sequence[Path]) -> list[Path]:
    """Of these rounds those whose Cs drove best for real when they were chosen, in their order.

    Raises:
        UserError: a file is missing or damaged.
    """
    chosen = [folder / "reports/metrics/evolve_c.json" for folder in folders]
    returns = [read_metrics(path, "evolve_c", ["real_return"])[0] for path in chosen]
    best = np.argsort(-np.array(returns), kind="stable")[:FINALISTS]
    return [folders[number] for number in sorted(best)]


def keep(
    world: World,
    agents: Mapping[str, Trained],
    episodes: int,
    streams: Streams,
    compute: Compute = ALONE,
) -> tuple[str, Report]:
    """Let them drive so many episodes each, on the same roads; the name of the best, of equal ones
    the first.
    """
    grounds = grounds_of(world)
    driven = {}
    for name, agent in agents.items():
        roads = streams("tracks")
        drives = record(
            world,
            always(Agent(*agent)),
            partial(grounds.draw, rng=roads),
            lambda _: streams("nothing"),
            episodes,
            f"keep: round {name}",
            compute,
        )
        driven[name] = Outcome.joined([outcome for outcome, _ in drives])
    returns = {name: float(outcome.returns.mean()) for name, outcome in driven.items()}
    best = max(returns, key=returns.__getitem__)
    steps = sum(int(outcome.lengths.sum()) for outcome in driven.values())
    figures = driven[best].figures()
    listed = ", ".join(f"{name}: {each:+.1f}" for name, each in returns.items())
    summary = (
        f"round {best}, whose C returns {figures['mean_return']:+.2f} +- {figures['stderr']:.2f} "
        f"in {episodes} episodes (by round: {listed})"
    )
    return best, Report(
        summary, {"round": best, **figures, "returns": returns, "checked_steps": steps}
    )


def main() -> None:
    """Read the files of the folders that the command line names, run the stage, write its own."""
    with stage("keep", writes=list(AGENT), folders="rounds") as run:
        if len({folder.name for folder in run.folders}) < len(run.folders):
            raise UserError(
                f"{', '.join(map(str, run.folders))}: the folders of rounds must have different "
                "names"
            )
        grounds, params = grounds_of(run.params.world), run.params
        agents, homes = {}, {}
        for folder in finalists(run.folders):
            paths = [folder / f"models/{name}.npz" for name in AGENT]
            agents[folder.name], homes[folder.name] = trained_in(paths, grounds), paths
        best, report = keep(
            params.world, agents, params.evolve_c.validation_episodes, run.streams, params.compute
        )
        makers = ("train_v", "train_m", "evolve_c")
        for name, path, maker in zip(AGENT, homes[best], makers, strict=True):
            run.write(name, Model.read(path, maker))
        run.report(report)


if __name__ == "__main__":
    main()
