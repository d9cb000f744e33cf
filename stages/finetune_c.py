"""polish: C learns on for real, from what its own tries come to.    v.npz, m.npz, c.npz -> c.npz

A dream shows neither the tile that is cut off on the inside of a bend nor the spin that a late
brake ends in; roads do, and at once: a step is worth its reward and what it does to what can still
be earned. So some hundred drives with noise on the actions teach what evolution could not tell from
the returns of as many.
"""

from __future__ import annotations

from worldmodels.agent.loading import load_agent
from worldmodels.envs.registry import make_task
from worldmodels.finetune.loop import finetune
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.storage.artifacts import Model


def main() -> None:
    """Read the files that the command line names, run the stage, write its own."""
    with run_stage("polish", reads=["v", "m", "c"], writes=["polished"]) as run:
        params = run.params
        if params.finetune_c is None:
            raise ParamsError("polish: missing; this stage needs the section")
        task = make_task(params.env)
        agent = load_agent([run.paths[name] for name in "vmc"], task)
        settings, compute = params.finetune_c, params.compute
        polished, report = finetune(settings, task, agent, run.streams, run.checkpoints, compute)
        run.write("polished", Model(polished.kind, polished.arrays(0)))
        run.report(report)


if __name__ == "__main__":
    main()
