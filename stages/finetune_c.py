"""finetune_c: fine-tunes C in the environment.     v.npz, m.npz, c.npz -> c.npz"""

from __future__ import annotations

from worldmodels.agent.loading import load_agent
from worldmodels.envs.registry import make_task
from worldmodels.finetune.loop import finetune
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import Model

STREAM = "polish"  # the stage's first name, which its random numbers are seeded with


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    with run_stage("finetune_c", reads=["v", "m", "c"], writes=["finetuned"]) as run:
        params = run.params
        if params.finetune_c is None:
            raise ParamsError("finetune_c: missing; this stage needs the section")
        task = make_task(params.env)
        agent = load_agent([run.paths[name] for name in "vmc"], task, params.c_stage)
        streams = RandomStreams(params.seed, STREAM)
        settings, compute = params.finetune_c, params.compute
        controllers, result = finetune(settings, task, agent, streams, run.checkpoints, compute)
        run.write("finetuned", Model(controllers.kind, controllers.arrays(0)))
        run.report(result)


if __name__ == "__main__":
    main()
