"""mix: several rounds' Cs in one, in the parts that drive best.    their folders -> v, m, c.npz

Each of them has come from dreams by another way, and is wrong somewhere else. Told to V and M of
the best round, as a teacher's are, they span a space of few dimensions; a search for so few numbers
can be afforded on real roads. It begins at the best round's own C, which is kept if it finds none
that is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.artifacts import Latents, Model
from stages.control.basis import Basis
from stages.control.controller import parameter_count
from stages.control.span import Span
from stages.errors import ParamsError, UserError
from stages.evolution import controller_sizes, evolve_c
from stages.grounds import Grounds, grounds_of
from stages.imitation import first_genome, fitted_basis
from stages.judge import Fleet, Judge
from stages.memory.recurrent import RecurrentMemory
from stages.params import EvolveC
from stages.progress import progress
from stages.randomness import Streams
from stages.reports import read_metrics
from stages.stage import Report, stage
from stages.teacher import episodes, taught
from stages.trained import Trained, trained_in
from stages.workers import Workers

MODELS = ("v", "m", "c")


def checked(settings: EvolveC) -> None:
    """Refuse settings that say something else than a search on real roads for a linear C.

    Raises:
        ParamsError: they do.
    """
    for key, right, why in (
        ("world", "real", "the mixture is tried on real roads"),
        ("hidden", 0, "only linear Cs can be mixed"),
    ):
        found = getattr(settings, key)
        if found != right:
            raise ParamsError(f"evolve_c.{key}: must be {right} here, for {why}; found {found}")


def models_of(folder: Path) -> list[Path]:
    """Where a round has V, M and C."""
    return [folder / f"models/{name}.npz" for name in MODELS]


def told_to(
    agents: Sequence[Trained],
    settings: EvolveC,
    basis: Basis | None,
    sizes: Sequence[int],
    memory: RecurrentMemory,
    folder: Path,
    grounds: Grounds[Any],
    streams: Streams,
) -> NDArray[np.float64]:
    """(agents, n): genomes for the V and M of the round in the folder that come nearest to what
    each agent would do in its last rounds' episodes.

    Raises:
        UserError: a file is missing or damaged, or they are not of the same episodes.
    """
    rollouts, latents = episodes(folder / "data/rollouts.h5", folder / "data/latents.h5", grounds)
    examples = (
        taught(agent, rollouts, latents, settings.recent, streams("imitation")) for agent in agents
    )
    size = parameter_count(sizes)
    found = [
        first_genome(settings, memory, example, basis, size)
        for example in progress(examples, "mix: what each would do", len(agents))
    ]
    return np.stack(found)


def best_of(folders: Sequence[Path]) -> int:
    """Which round's C drove best for real when it was chosen; of equal ones the first.

    Raises:
        UserError: a file is missing or damaged.
    """
    chosen = [folder / "reports/metrics/evolve_c.json" for folder in folders]
    returns = [read_metrics(path, "evolve_c", ["real_return"])[0] for path in chosen]
    return returns.index(max(returns))


def with_parts(
    report: Report, folders: Sequence[Path], best: int, parts: NDArray[np.float64]
) -> Report:
    """What was found, with whose V and M, and how much of each round's C is in it."""
    named = {folder.name: float(part) for folder, part in zip(folders, parts, strict=True)}
    listed = ", ".join(f"{name}: {part:+.2f}" for name, part in named.items())
    summary = f"{report.summary}; V and M of {folders[best].name}, parts by round: {listed}"
    metrics = {**report.metrics, "home": folders[best].name, "parts": named}
    return Report(summary, metrics, report.curve)


def main() -> None:
    """Read the files of the folders that the command line names, write the agent of them all."""
    with stage("mix", writes=list(MODELS), folders="rounds") as run:
        settings, world = run.params.evolve_c, run.params.world
        checked(settings)
        if len(run.folders) < 2:
            raise UserError(f"{run.folders[0]}: there must be two rounds or more, to be mixed")
        grounds, best = grounds_of(world), best_of(run.folders)
        agents = [trained_in(models_of(folder), grounds) for folder in run.folders]
        vision, memory, _ = agents[best]
        home, member = run.folders[best], memory.members[0]
        latents = Latents.read(home / "data/latents.h5")
        basis = fitted_basis(settings, member, latents, run.streams("basis"))
        sizes = controller_sizes(settings, vision, memory, basis)
        own = told_to(agents, settings, basis, sizes, member, home, grounds, run.streams)
        span = Span.of(own)
        if not len(span.directions):
            raise UserError(f"{home}: the Cs of these rounds are all the same: nothing to be mixed")
        fleet = Fleet(world, vision, memory, sizes, settings, basis, span=span)
        with Workers(fleet, run.params.compute) as workers:
            judge = Judge(fleet, workers)
            found, report = evolve_c(
                settings, world, judge, latents, run.streams, run.scratch, span.point(best)
            )
        for name, path in zip(MODELS[:2], models_of(home), strict=False):
            run.write(name, Model.read(path, f"train_{name}"))
        controllers = fleet.controllers(found[None])
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(with_parts(report, run.folders, best, span.parts(found)))


if __name__ == "__main__":
    main()
