"""polish: C learns on for real, from what its own tries come to.    v.npz, m.npz, c.npz -> c.npz

A dream shows neither the tile that is cut off on the inside of a bend nor the spin that a late
brake ends in; roads do, and at once: a step is worth its reward and what it does to what can still
be earned. So some hundred drives with noise on the actions teach what evolution could not tell from
the returns of as many.
"""

from __future__ import annotations

from worldmodels.agent.loading import load_agent
from worldmodels.envs.registry import grounds_of
from worldmodels.finetune.loop import polish
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.runner import stage
from worldmodels.pipeline.storage.artifacts import Model


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with stage("polish", reads=["v", "m", "c"], writes=["polished"]) as run:
        params = run.params
        if params.polish is None:
            raise ParamsError("polish: missing; this stage needs the section")
        grounds = grounds_of(params.world)
        agent = load_agent([run.paths[name] for name in "vmc"], grounds)
        settings, compute = params.polish, params.compute
        polished, report = polish(settings, grounds, agent, run.streams, run.scratch, compute)
        run.write("polished", Model(polished.kind, polished.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
