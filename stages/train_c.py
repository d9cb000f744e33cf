"""train_c: trains C by PPO in dreams or the environment.     latents.h5, v.npz, m.npz -> c.npz

With `--init-from` it starts from another C in place of random weights. `--policy-memory` takes C's
h from another M than the one that dreams, for example an untrained one (ablation).
"""

from __future__ import annotations

from pathlib import Path

from worldmodels.agent.loading import (
    check_can_dream,
    check_latents,
    load_agent,
    load_vision_and_memory,
)
from worldmodels.controller.controller import Controllers
from worldmodels.envs.registry import make_task
from worldmodels.interfaces import feature_counts
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.config.ppo_params import TrainC
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.runner import run_stage
from worldmodels.pipeline.storage.artifacts import Latents, Model
from worldmodels.ppo.loop import train_c


def check_initial(path: Path, initial: Controllers, settings: TrainC, memory: Ensemble) -> None:
    """Raise an error if a C to start from has not the inputs or hidden units of the params.

    Raises:
        UserError: it has not.
    """
    wanted = feature_counts(memory.z_size, memory.hidden_size)[settings.inputs], settings.hidden
    hidden = len(initial.layers[0].bias[0]) if initial.kind == "hidden" else 0
    if (initial.features, hidden) != wanted:
        raise UserError(
            f"{path}: nothing to start from: it has {initial.features} inputs and {hidden} hidden "
            f"units, and the params' train_c ask for {wanted[0]} and {wanted[1]}"
        )


def main() -> None:
    """Read the files of the command line, run the stage, write its outputs."""
    optional = {"init-from": ["initial"], "policy-memory": ["policy_memory"]}
    with run_stage("train_c", reads=["latents", "v", "m"], optional=optional, writes=["c"]) as run:
        params = run.params
        if params.train_c is None:
            raise ParamsError("train_c: missing; this stage needs the section")
        task = make_task(params.env)
        vision, memory = load_vision_and_memory(run.paths["v"], run.paths["m"], task)
        policy_memory = None
        if other := run.paths.get("policy_memory"):
            _, policy_memory = load_vision_and_memory(run.paths["v"], other, task)
        latents = run.table("latents", Latents)
        check_latents(run.paths["latents"], latents, run.paths["v"], vision)
        if params.train_c.train_in == "dream":
            check_can_dream(run.paths["m"], memory)
        initial = None
        if path := run.paths.get("initial"):
            files = [run.paths["v"], run.paths.get("policy_memory", run.paths["m"]), path]
            initial = load_agent(files, task, params.c_stage).controllers
            check_initial(path, initial, params.train_c, policy_memory or memory)
        controllers, result = train_c(
            params.train_c,
            task,
            vision,
            memory,
            latents,
            run.streams,
            run.checkpoints,
            params.compute,
            initial,
            policy_memory,
        )
        run.write("c", Model(controllers.kind, controllers.arrays(0)))
        run.report(result)


if __name__ == "__main__":
    main()
