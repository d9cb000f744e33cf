"""The keys of params.yaml and their types, from the structs, and params with one key changed.

Keys of the other environments are those of CAR_RACING, which also has the optional sections, of
DOOM and of GYMNASIUM.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import msgspec

from tests.support.project import ROOT
from tools.fast_yaml import parse_yaml
from worldmodels.pipeline.config.params import Params

GOOD = parse_yaml((ROOT / "params.yaml").read_text(encoding="utf-8"))
CAR_RACING = GOOD | {
    "env": {
        "kind": "carracing",
        "view": {"height": 28, "width": 32},
        "frame_skip": 4,
        "max_steps": 250,
    },
    "finetune_c": {
        "iterations": 16,
        "episodes": 64,
        "action_std": 0.3,
        "std_end_factor": 0.5,
        "noise_correlation": 0.7,
        "pca_components": 40,
        "step_size": 1.5,
        "discount": 0.97,
        "gae_lambda": 0.95,
        "patience": 40,
        "eval_every": 8,
        "validation_episodes": 64,
    },
    "train_m": GOOD["train_m"] | {"predict_reward_done": True},
    "train_c": {
        "train_in": "dream",
        "inputs": "zh",
        "hidden": 32,
        "iterations": 160,
        "episodes": 256,
        "horizon": 32,
        "replay_rounds": 1,
        "temperature": 1.0,
        "sample_done": False,
        "action_std": 0.5,
        "discount": 0.96,
        "gae_lambda": 0.9,
        "clip_range": 0.2,
        "epochs": 3,
        "batch_size": 2048,
        "learning_rate": 0.001,
        "lr_end_factor": 0.1,
        "eval_every": 0,
        "validation_episodes": 64,
    },
}
DOOM = GOOD | {
    "env": {
        "kind": "doom",
        "view": {"height": 28, "width": 80},
        "frame_skip": 4,
        "max_steps": 525,
    },
}
GYMNASIUM = GOOD | {
    "env": {
        "kind": "gymnasium",
        "id": "Pendulum-v1",
        "kwargs": {},
        "view": {"height": 32, "width": 48, "channels": 1, "inverted": True},
        "frame_skip": 4,
        "max_steps": 50,
    },
}
OPTIONAL = [("finetune_c",), ("train_c",)]
Key = tuple[str | int, ...]  # of a section, of an entry in it, and so on


def keys(value: Any, kind: Any, where: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every key of a struct, of the structs in it, and every entry of tuples, with its type."""
    if where:
        yield where, kind
    bare = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    if isinstance(bare, UnionType) and NoneType in get_args(bare):
        bare = get_args(bare)[0]
    elif isinstance(bare, UnionType):
        tags = {each.__struct_config__.tag: each for each in get_args(bare)}
        bare = tags[value["kind"]]
        yield (*where, "kind"), Literal[tuple(tags)]
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        for field in msgspec.structs.fields(bare):
            if field.name in value or field.required:
                yield from keys(value[field.name], field.type, (*where, field.name))
    elif get_origin(bare) is tuple:
        kinds = get_args(bare)
        for index, entry in enumerate(value):
            yield from keys(entry, kinds[0 if kinds[-1] is ... else index], (*where, index))


KEYS = dict(keys(GOOD, Params))
OTHER_KEYS = {
    where: kind
    for where, kind in keys(CAR_RACING, Params)
    if where not in KEYS or where[0] == "env"
}
ALL_KEYS = [(GOOD, *each) for each in KEYS.items()]  # valid params that have the key, key, type
ALL_KEYS += [(CAR_RACING, *each) for each in OTHER_KEYS.items()]
for good in (DOOM, GYMNASIUM):
    ALL_KEYS += [(good, *each) for each in keys(good, Params) if each[0][0] == "env"]


def dotted(where: Key) -> str:
    """A key as error messages name it: `a.b[0].c`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return text.removeprefix(".")


def changed(where: Key, value: Any, good: Any = GOOD) -> dict[str, Any]:
    """A copy of valid params with another value for a key."""
    params: dict[str, Any] = copy.deepcopy(good)
    section: Any = params
    for step in where[:-1]:
        section = section[step]
    section[where[-1]] = value
    return params


def out_of_bounds(kind: Any) -> Iterator[str]:
    """Values just outside the bounds of a number's type."""
    for meta in getattr(kind, "__metadata__", ()):
        whole = get_args(kind)[0] is int
        for bound, step in ((meta.ge, -1), (meta.le, 1)):
            if bound is not None:
                yield repr(bound + step if whole else math.nextafter(bound, step * math.inf))
        for bound in (meta.gt, meta.lt):
            if bound is not None:
                yield repr(bound)
