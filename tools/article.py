"""Writes the article, a page of six experiments with the released models: python -m tools.article

Reads the agents in recipes/dream/released, studies/temperature/released and carracing/released, and
the numbers that worldmodels/figures/article/numbers.py names; writes reports/article.html.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tools.command_errors import errors_in_a_line
from tools.rooms import ROOT
from worldmodels.agent.loading import AgentParts, Spaces, load_agent
from worldmodels.dream.starts import StartStates
from worldmodels.figures.article.article import RACE_SECONDS, article
from worldmodels.figures.article.numbers import NUMBERS, Number
from worldmodels.figures.page.page import pack
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.pipeline.config.env_params import CarRacingParams, EnvParams
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.outputs import AtomicOutputs
from worldmodels.pipeline.reports import read_curve, read_numbers
from worldmodels.pipeline.storage.artifacts import Model, load_model

RECIPE, STUDY, RACER = ROOT / "recipes/dream", ROOT / "studies/temperature", ROOT / "carracing"
PAGE = Path("reports/article.html")
MAX_BYTES = 4_000_000
ACTION_SIZE = 2  # steering and throttle (racing), or steering and pedal (CarRacing)
FRAMES_PER_SECOND = 50  # of CarRacing
ZOOM_FRAMES = 50  # of CarRacing's first second, in which the camera zooms in
WHOLE, ROUNDED = 4, 3  # bytes of a weight
UNUSED_LAYERS = ("logvar.", "conv", "mean.")  # of CarRacing's V, which only decodes here


def make_article() -> str:
    """The article as HTML.

    Raises:
        UserError: a file is missing or damaged, or the models do not fit each other.
    """
    env = read_params(RECIPE / "params.yaml").env
    study_env = read_params(STUDY / "params.yaml").env
    cold, warm = (
        _agent(STUDY / "released", study_env, STUDY / "released" / name / "c.npz")
        for name in ("0.01", "2.0")
    )
    curve = read_curve(STUDY / "reports/curves/temperature_study.csv", "temperature_study")
    data = {
        "racing": {"env": _settings(env), **_packed(_agent(RECIPE / "released", env), WHOLE)},
        "cold": {"env": _settings(study_env), **_packed(cold, WHOLE)},
        "warm": {"controller": _packed(warm, WHOLE)["controller"]},
        "temperatures": {name: _value(NUMBERS[name]) for name in ("cold", "warm")},
        "study": {name: column.tolist() for name, column in curve.items()},
        "carracing": _carracing(),
    }
    return article(data, {name: _value(number) for name, number in NUMBERS.items()})


def _carracing() -> dict[str, Any]:
    """V's decoder, M and C of CarRacing, and where dreams start."""
    params = read_params(RACER / "params.yaml")
    if not isinstance(params.env, CarRacingParams):
        raise UserError(f"{RACER / 'params.yaml'}: env.kind: should be carracing")
    parts = _agent(RACER / "released", params.env)
    path = RACER / "released" / "dream_starts.npz"
    makers = {StartStates.KIND: StartStates.from_arrays}
    starts = load_model(path, "dream_starts", makers)
    frame_skip = params.env.frame_skip
    return {
        "env": _settings(params.env),
        "steps": RACE_SECONDS * FRAMES_PER_SECOND // frame_skip,
        "temperature": params.evolve_c.temperature,
        "starts": pack(_burnt_in(starts, parts.memory.members[0], frame_skip, path), WHOLE),
        **_packed(parts, ROUNDED, UNUSED_LAYERS),
    }


def _burnt_in(
    starts: StartStates, memory: RecurrentMemory, frame_skip: int, path: Path
) -> dict[str, NDArray[Any]]:
    """z, h and c of the start states after the first second of an episode.

    Raises:
        UserError: there is none.
    """
    chosen = []
    for number, z in enumerate(starts.z):
        h, c = np.zeros((2, 1, memory.hidden_size), np.float32)
        steps = 0
        if starts.context is not None:
            steps = int(starts.context.steps[number])
            for before in range(-steps, 0):
                z_before, action = (values[number, before] for values in starts.context[:2])
                h, c = memory.step(z_before[None], action[None], h, c)
        if steps * frame_skip >= ZOOM_FRAMES:
            chosen.append((z, h[0], c[0]))
    if not chosen:
        raise UserError(f"{path}: all its start states lie in the first second of an episode")
    return dict(zip(("z", "h", "c"), map(np.stack, zip(*chosen, strict=True)), strict=True))


def _agent(folder: Path, env: EnvParams, c: Path | None = None) -> AgentParts:
    """V, M and C in a folder; C from another file, if one is given."""
    paths = [folder / "v.npz", folder / "m.npz", c or folder / "c.npz"]
    return load_agent(paths, Spaces(env.view.shape, ACTION_SIZE))


def _packed(parts: AgentParts, size: int, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """V, M and C as the page's code unpacks them; of an ensemble the first M."""
    member = parts.memory.members[0]
    vision = {
        name: array
        for name, array in parts.vision.parameters.items()
        if not name.startswith(without)
    }
    return {
        "bytes": size,
        "vision": {"kind": parts.vision.kind, "arrays": pack(vision, size)},
        "memory": {"kind": member.kind, "arrays": pack(member.arrays(), size)},
        "controller": {"arrays": pack(parts.controllers.arrays(0), size)},
    }


def _settings(env: EnvParams) -> dict[str, Any]:
    """The section `env` of the params, and the shape of a frame."""
    return {**msgspec.to_builtins(env), "shape": list(env.view.shape)}


def _value(number: Number) -> float:
    """The number in its file.

    Raises:
        UserError: the file is missing or damaged, or has no such number.
    """
    path, names = ROOT / number.file, number.key.split(".")
    if path.suffix == ".json":
        return read_numbers(path, "article", [number.key])[0]
    if path.suffix == ".yaml":
        return float(reduce(getattr, names, read_params(path)))  # type: ignore[arg-type]
    arrays: Mapping[str, NDArray[Any]] = Model.read(path, "article").arrays
    chosen = arrays.values() if number.key == "*" else [arrays[number.key]]
    return float(sum(np.size(array) for array in chosen))


def main() -> None:
    """Write the article."""
    parser = argparse.ArgumentParser(prog="python -m tools.article", description=__doc__)
    parser.add_argument("page", type=Path, nargs="?", default=PAGE, help=f"by default {PAGE}")
    page = parser.parse_args().page
    with errors_in_a_line("article"):
        content = make_article().encode()
        if len(content) > MAX_BYTES:
            raise UserError(f"it has {len(content):,} bytes, and {MAX_BYTES:,} are the most")
        with AtomicOutputs() as outputs, outputs.writing(page) as temporary:
            temporary.write_bytes(content)
    print(f"The article, {len(content) / 1e6:.1f} MB, which opens from disk: {page}")


if __name__ == "__main__":
    main()
