"""Small valid files of every kind, and the readers that the stages use for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.learning import learn, run_evaluate
from stages.collect import collect
from stages.encode import encode
from tests.support.project import ROOT
from worldmodels.controller.controller import ARRAYS, Controllers
from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.registry import make_task
from worldmodels.memory.ensemble import ENSEMBLES, Ensemble
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.file_errors import file_error
from worldmodels.pipeline.reports import read_curve, write_curve
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.pipeline.storage.artifacts import (
    EvaluationEpisodes,
    Latents,
    Model,
    Rollouts,
    load_model,
)
from worldmodels.vision.registry import VISIONS

QUICK = ROOT / "recipes" / "quick" / "params.yaml"
TABLES = {"rollouts.h5": Rollouts, "latents.h5": Latents, "evaluation.h5": EvaluationEpisodes}
MODELS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "v.npz": ("train_v", VISIONS),
    "m.npz": ("train_m", ENSEMBLES),
    "c.npz": ("evolve_c", dict.fromkeys(ARRAYS, Controllers.from_arrays)),
}
CURVE = "train_v.csv"


def make_valid_files(folder: Path) -> None:
    """Write all six artifacts, a curve and the params."""
    params = read_params(QUICK)
    task = make_task(params.env)
    rollouts, _ = collect(params.collect, task, RandomStreams(0, "collect"))
    agent = learn(params)
    rollouts.write(folder / "rollouts.h5")
    encode(params.encode, rollouts, agent.vision)[0].write(folder / "latents.h5")
    run_evaluate(params, agent)[0].write(folder / "evaluation.h5")
    v, m, c = agent.vision, agent.memory, agent.controllers
    Model(v.kind, v.parameters).write(folder / "v.npz")
    Model(m.kind, m.arrays()).write(folder / "m.npz")
    Model(c.kind, c.arrays(0)).write(folder / "c.npz")
    write_curve(folder / CURVE, agent.results["train_v"].curve, "train_v")
    (folder / "params.yaml").write_bytes(QUICK.read_bytes())


def read(name: str, path: Path) -> Any:
    """The content of a file, as the stages read the file of that name; of a model, its arrays.

    Raises:
        UserError: a stage would refuse the file.
    """
    if name in TABLES:
        table = TABLES[name].read(path)
        return {field: getattr(table, field)[:] for field in table.schema()}
    if name in MODELS:
        stage, makers = MODELS[name]
        model = load_model(path, stage, makers)
        if isinstance(model, Ensemble) and model.action_size != RacingEnv.action_size:
            raise file_error(path, "M was made for other actions", stage)  # as interfaces.mismatch
        return Model.read(path, stage).arrays
    if name == CURVE:
        return read_curve(path, "train_v")
    return {"params": read_params(path)}


def stage_of(name: str) -> str | None:
    """The stage that makes a file; None for the params."""
    if name in TABLES:
        return TABLES[name].stage
    return MODELS[name][0] if name in MODELS else {CURVE: "train_v"}.get(name)
