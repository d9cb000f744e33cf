"""Studies of two strategies with two step sizes, and their results; others of tracks, V and M."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import msgspec

from tests.support.project import ROOT
from tools.studies import Study, single_key
from tools.study_reader import read_study

STUDY = Study(
    title="",
    factors={
        "strategy": single_key("evolve_c.strategy", ("good", "bad")),
        "sigma": single_key("evolve_c.sigma", (0.1, 0.2)),
    },
    seeds=(0, 1, 2, 3, 4),
    minutes=1,
    reference="good",
    tuned="sigma",
    measures={"nll": "details/train_m.held_out_nll"},
    labels={"sigma": "step size", "nll": "NLL", "0.1": "small steps", "0.2": "large steps"},
)
GROUPED = msgspec.structs.replace(STUDY, tuned="", groups="sigma")
SIZES = msgspec.structs.replace(  # a step size chosen in each of two tables
    STUDY,
    factors={"units": single_key("evolve_c.hidden", (0, 8)), **STUDY.factors},
    groups="units",
    exclude=({"units": 8, "strategy": "bad", "sigma": 0.2},),
)
TRACKS = 20
LADDER = Study(  # a factor of tracks, one of V and M, and one of M alone, in no order
    title="",
    factors={
        "m": {"small": {"train_m.hidden": 8}, "large": {"train_m.hidden": 16}},
        "tracks": {"wide": {}, "narrow": {"env.random_tracks.half_width": [0.8, 0.9]}},
        "v": {
            "few": {"train_v.z_size": 4},
            "many": {"train_v.z_size": 8, "train_m.epochs": 3},
        },
    },
    seeds=(5, 6),
    minutes=1,
    reference="small-wide-few",
    measures={
        "loss": "metrics/train_v.held_out_loss",
        "nll": "details/train_m.held_out_nll",
        "best": "metrics/evolve_c.validation_return",
    },
)

# A study.yaml, of Ms.
TEXT = """
title: A title.
seeds: [0, 1]
minutes: 1
factors:
  memory:
    lstm: {train_m.kind: lstm}
    mixture: {train_m.kind: mdn_lstm, train_m.num_mixtures: 5}
  sigma: {evolve_c.sigma: [0.1, 0.2]}
reference: lstm
tuned: sigma
"""


def read(folder: Path, text: str) -> Study:
    """The study that a text describes, with the root's params; both are written into the folder."""
    path = folder / "study.yaml"
    path.write_text(text)
    shutil.copy(ROOT / "params.yaml", folder)
    return read_study(path)


def returns(strategy: str, sigma: str, seed: int) -> list[str]:
    """On each track. 0.1 is the best step size, but for the last seed of the good strategy."""
    level = {"good": 100, "bad": 90}[strategy] - 20 * (float(sigma) - 0.1)
    if (strategy, sigma, seed) == ("good", "0.2", 4):
        level = 150
    return [f"{level + track / 4:.2f}" for track in range(TRACKS)]


def write(path: Path, study: Study = STUDY, leave_out: tuple[int, str, str] | None = None) -> None:
    """Write the results of a study, but for a C: a seed, its strategy and its step size."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        tracks = (f"track_{number}" for number in range(TRACKS))
        writer.writerow(["commit", "seed", *study.factors, "nll", "off_track", *tracks])
        for seed in study.seeds:
            for cell in study.combinations([*study.factors]):
                varied = cell["strategy"], cell["sigma"]
                if (seed, *varied) != leave_out:
                    scores = returns(*varied, seed)
                    writer.writerow(["abc", seed, *cell.values(), 0.7 + seed, 1, *scores])
