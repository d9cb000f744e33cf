"""Who may know whom: scripts know everything, rooms know little, and no arrow points upwards."""

import ast
from pathlib import Path

import pytest

from tests.support.imports import ROOT, named_files

SCRIPTS = {"collect", "train_v", "encode", "train_m", "evolve_c", "evaluate", "visualize"}
SCRIPTS |= {"compare", "temperature", "polish", "race", "play", "starts"}
ROOMS = {"worlds", "vision", "memory", "control"}
NO_MODEL = (
    *("params", "plain_yaml", "artifacts", "tables"),
    *("files", "hdf5", "npz", "reports", "stage"),
)
FILES = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "stages").rglob("*.py"))]


def room(path: str) -> str:
    """`envs_` of worldmodels/worlds/track.py, `rollout` of stages/rollout.py."""
    parts = Path(path).parts
    return parts[1] if len(parts) > 2 else Path(path).stem


def known(path: str) -> set[str]:
    """The rooms that a file imports from, besides its own and the package itself."""
    return {room(file) for file in named_files(path)} - {room(path), "__init__"}


@pytest.mark.parametrize("path", FILES)
def test_nothing_imports_a_script(path):
    assert not known(path) & SCRIPTS


@pytest.mark.parametrize("path", [path for path in FILES if room(path) in ROOMS])
def test_rooms_know_nothing_but_nn(path):
    assert known(path) <= {"nn"}


@pytest.mark.parametrize("path", [path for path in FILES if room(path) == "nn"])
def test_nn_knows_nobody(path):
    assert not known(path)


@pytest.mark.parametrize("name", NO_MODEL)
def test_params_and_files_know_no_model_and_no_world(name):
    assert not known(f"stages/{name}.py") & (ROOMS | {"nn", "agent", "rollout", "figures"})


@pytest.mark.parametrize("path", [path for path in FILES if room(path) == "figures"])
def test_figures_know_the_track_and_nothing_else(path):
    assert known(path) <= {"worlds"}


def test_the_loop_knows_neither_models_nor_worlds():
    assert known("stages/rollout.py") <= {"progress", "pixels"}
    assert known("stages/agent.py") <= {"control", "modules"}


@pytest.mark.parametrize("name", sorted({"train_m", "collect", "evolve_c", "evaluate"}))
def test_nothing_that_workers_unpack_is_defined_in_a_script(name):
    """A worker knows a script as another module than `__main__`."""
    tree = ast.parse((ROOT / "stages" / f"{name}.py").read_text())
    assert not [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
