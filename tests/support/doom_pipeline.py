"""What stages read that show Doom: an agent with random weights, its games, and reports.

Nothing of it needs ViZDoom.
"""

import json

import numpy as np

from worldmodels.agent.loading import AgentParts
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.memory.ensemble import Ensemble
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.pipeline.reports import CURVES, curve_path, write_curve
from worldmodels.pipeline.storage.artifacts import DoomEvaluation, Model
from worldmodels.vision.autoencoder import Autoencoder

SHAPE, Z, H = (28, 80, 3), 4, 5
LENGTHS = np.array([9, 30, 21, 6])  # decisions of games: three of C, one of the random policy
POLICIES = ("controller", "random", "still", "left", "sweep", "own_actions")


def random_agent(inputs=Z + H, predict_reward_done=True):
    """V, M and C for Doom, with random weights."""
    rng = np.random.default_rng(0)
    vision = Autoencoder.initial(int(np.prod(SHAPE)), 6, Z, rng)
    memory = MDNLSTM.initial(Z, 1, H, rng, predict_reward_done=predict_reward_done)
    sizes = (inputs, 1)
    genome = rng.normal(size=(1, parameter_count(sizes)))
    return AgentParts(vision, Ensemble([memory]), Controllers.from_genomes(genome, sizes))


def random_evaluation():
    """Games of noise, of which the second one was not lost."""
    rng = np.random.default_rng(1)
    steps, frames = LENGTHS.sum(), (LENGTHS + 1).sum()
    return DoomEvaluation(
        lengths=LENGTHS,
        terminated=np.array([True, False, True, True]),
        lap_fraction=np.zeros(4),
        observations=rng.integers(0, 256, (frames, *SHAPE), np.uint8),
        actions=rng.uniform(-1, 1, (steps, 1)).astype(np.float32),
        rewards=np.full(steps, 4.0),
        track_seeds=np.array([0, 1, 2, 0]),
        health=np.zeros(frames, np.int64),
        by_controller=np.array([True, True, True, False]),
    )


def write_pipeline(folder, rounds=2, agent=None):
    """The files of a pipeline of some rounds."""
    vision, memory, controllers = agent or random_agent()
    Model(vision.kind, vision.parameters).write(folder / "v.npz")
    Model(memory.kind, memory.arrays()).write(folder / "m.npz")
    Model(controllers.kind, controllers.arrays(0)).write(folder / "c.npz")
    random_evaluation().write(folder / "evaluation.h5")
    scores = {name: {"mean_return": 80.0, "stderr": 4.0, "episodes": 3} for name in POLICIES}
    write_json(folder / "reports/details/evaluate_controls.json", scores)
    write_json(folder / "reports/details/forecast_ends.json", {"ends": 7})
    write_ones(folder / "reports", "evaluate_controls", 101, percentile=np.arange(101.0))
    steps = np.array([1.0, 2, 4, 8, 12])
    write_ones(folder / "reports", "forecast_ends", 5, steps=steps, foretold=np.full(5, 0.5))
    for number in range(rounds):
        own = folder / str(number) / "reports"
        metrics = {"validation_return": 100.0 + number}
        write_json(own / "metrics/train_c.json", metrics)
        write_ones(own, "train_c", 3, dream_return=np.array([1.0, 2.0, 50.0 + number]))


def write_json(path, content):
    """A report of another stage."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_ones(reports, name, rows, **columns):
    """A curve of ones, but for the columns that are given."""
    path = curve_path(reports, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = {column: np.ones(rows) for column in CURVES[name]} | columns
    curve = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    write_curve(path, curve, name)
