"""Rooms of the library, and which of them a script imports from: what its stage has to depend on.

A room is a folder or file directly under `worldmodels/`, or directly under `worldmodels/envs/` or
`worldmodels/figures/`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "worldmodels"
NESTED = ("envs", "figures")  # folders of rooms
ON_DEMAND = {  # imported within a function, when params or the command line ask for it
    "worldmodels/envs/racing/task.py": "racing",
    "worldmodels/envs/carracing/task.py": "carracing",
    "worldmodels/envs/doom/task.py": "doom",
    "worldmodels/envs/gymnasium/task.py": "gymnasium",
    "worldmodels/exploration/behaviour_policy.py": "--policy",
    "worldmodels/distillation.py": "--teacher",
    "worldmodels/parallel/processes.py": "processes",
    # Where a stage runs changes no result, so none depends on the cluster (.dvcignore has it too).
    "worldmodels/parallel/dask_cluster.py": "dask",
    "worldmodels/pretrained/loading.py": "worldmodels.load",  # by people, by no stage
}


def dependencies(script: str, demands: Collection[str] = ("racing",)) -> list[str]:
    """The script, and each room that a file of its import closure lies in, sorted.

    Args:
        script: a path below the root.
        demands: the values of ON_DEMAND that are asked for: the kind of the environment, because a
            pipeline does not depend on one that it does not run in, and command-line options.
    """
    files = import_closure(script, demands)
    return sorted({room for file in files if (room := room_of(file))})


def room_of(path: str) -> str | None:
    """The room of a file below the root; the file itself outside the library.

    None for the `__init__.py` of the package and of a folder of rooms, which do nothing themselves.
    """
    parts = Path(path).parts
    if parts[0] != PACKAGE:
        return None if parts[-1] == "__init__.py" else path
    depth = 3 if len(parts) > 2 and parts[1] in NESTED else 2
    return None if parts[depth - 1] == "__init__.py" else "/".join(parts[:depth])


def import_closure(script: str, demands: Collection[str] = ("racing",)) -> set[str]:
    """Paths below the root of a script and of every project file that it imports, directly or not.

    Arguments: see `dependencies`.
    """
    undemanded = {path for path, demand in ON_DEMAND.items() if demand not in demands}
    found, waiting = undemanded.copy(), [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [name for name in imported_files(path, undemanded) if name not in found]
    return found - undemanded


def imported_files(path: str, undemanded: Collection[str] = ()) -> set[str]:
    """Paths below the root of the project files that a file imports itself.

    Modules in undemanded files are left out, with the packages around them.
    """
    left_out = {*undemanded}
    reached = map(_files, _own_modules(path))
    return {file for files in reached if files.isdisjoint(left_out) for file in files}


@cache
def _own_modules(path: str) -> frozenset[str]:
    """The modules of this project that a file imports itself."""
    modules: set[str] = set()
    for node in _nodes_that_run(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the full name, not a relative import"
            modules |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(each for each in modules if each.split(".")[0] in ("stages", PACKAGE))


def _nodes_that_run(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a syntax tree, but for those that type checkers alone see."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from _nodes_that_run(node)


@cache
def _files(module: str) -> frozenset[str]:
    """The files that run when `module` is imported: the packages around it, and itself."""
    parts = module.split(".")
    candidates = ["/".join([*parts[:depth], "__init__.py"]) for depth in range(1, len(parts) + 1)]
    candidates += ["/".join(parts) + ".py", "/".join(parts[:-1]) + ".py"]  # or a name in it
    return frozenset(file for file in candidates if (ROOT / file).is_file())
