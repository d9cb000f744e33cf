"""mix: several rounds' Cs in one, in the parts that drive best.    their folders -> v, m, c.npz

Each of them has come from dreams by another way, and is wrong somewhere else. Told to V and M of
the best round, as a teacher's are, they span a space of few dimensions; a search for so few numbers
can be afforded on real roads. It begins at the best round's own C, which is kept if it finds none
that is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stages.artifacts import Latents, Model, Rollouts
from stages.control.controller import Controllers, parameter_count
from stages.control.span import Span
from stages.errors import ParamsError, UserError
from stages.evolution import controller_sizes, evolve_c
from stages.grounds import grounds_of
from stages.imitation import first_genome, fitted_basis
from stages.judge import Fleet, Judge
from stages.params import ALONE, Compute, EvolveC, World
from stages.progress import progress
from stages.randomness import Streams
from stages.reports import read_metrics
from stages.scratch import Scratch
from stages.stage import Report, stage
from stages.teacher import episodes, taught
from stages.trained import AGENT, Trained, trained_in
from stages.workers import Workers


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


def mix(
    settings: EvolveC,
    world: World,
    agents: Mapping[str, Trained],
    home: str,
    rollouts: Rollouts,
    latents: Latents,
    streams: Streams,
    compute: Compute = ALONE,
    scratch: Scratch | None = None,
) -> tuple[Controllers, Report]:
    """Find the mixture of the agents' Cs that drives best with V and M of the one at home.

    Args:
        settings: of a search on real roads.
        world: where they drive.
        agents: by the name of their round.
        home: of whom V and M are taken, and whose C the search begins at.
        rollouts: the episodes that all agents are asked about.
        latents: the same as V at home sees them.
        streams: of random numbers.
        compute: who drives.
        scratch: where to go on, and what to leave.

    Raises:
        ParamsError: the settings say something else.
        UserError: the Cs are all the same.
    """
    checked(settings)
    vision, memory, _ = agents[home]
    member = memory.members[0]
    basis = fitted_basis(settings, member, latents, streams("basis"))
    sizes = controller_sizes(settings, vision, memory, basis)
    examples = (
        taught(agent, rollouts, latents, settings.recent, streams("imitation"))
        for agent in agents.values()
    )
    genomes = [
        first_genome(settings, member, example, basis, parameter_count(sizes))
        for example in progress(examples, "mix: what each would do", len(agents))
    ]
    span = Span.of(np.stack(genomes))
    if not len(span.directions):
        raise UserError(f"{', '.join(agents)}: the Cs of these rounds are all the same")
    fleet = Fleet(world, vision, memory, sizes, settings, basis, span=span)
    start = span.point([*agents].index(home))
    with Workers(fleet, compute) as workers:
        judge = Judge(fleet, workers)
        found, report = evolve_c(settings, world, judge, latents, streams, scratch, start)
    parts = dict(zip(agents, map(float, span.parts(found)), strict=True))
    listed = ", ".join(f"{name}: {part:+.2f}" for name, part in parts.items())
    summary = f"{report.summary}; V and M of {home}, parts by round: {listed}"
    metrics = {**report.metrics, "home": home, "parts": parts}
    return fleet.controllers(found[None]), Report(summary, metrics, report.curve)


def best_of(folders: Sequence[Path]) -> Path:
    """Which round's C drove best for real when it was chosen; of equal ones the first.

    Raises:
        UserError: a file is missing or damaged.
    """
    chosen = [folder / "reports/metrics/evolve_c.json" for folder in folders]
    returns = [read_metrics(path, "evolve_c", ["real_return"])[0] for path in chosen]
    return folders[returns.index(max(returns))]


def main() -> None:
    """Read the files of the folders that the command line names, run the stage, write its own."""
    with stage("mix", writes=list(AGENT), folders="rounds") as run:
        if len({folder.name for folder in run.folders}) < max(2, len(run.folders)):
            raise UserError(
                f"{', '.join(map(str, run.folders))}: to be mixed, there must be two rounds or "
                "more, whose folders have different names"
            )
        grounds, home = grounds_of(run.params.world), best_of(run.folders)
        agents = {
            folder.name: trained_in([folder / f"models/{name}.npz" for name in AGENT], grounds)
            for folder in run.folders
        }
        latents = Latents.read(home / "data/latents.h5")
        rollouts = episodes(home / "data/rollouts.h5", grounds, latents, home / "data/latents.h5")
        controllers, report = mix(
            run.params.evolve_c,
            run.params.world,
            agents,
            home.name,
            rollouts,
            latents,
            run.streams,
            run.params.compute,
            run.scratch,
        )
        for name in ("v", "m"):
            run.write(name, Model.read(home / f"models/{name}.npz", f"train_{name}"))
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
