"""Which files of this project a script imports, directly or not: what dvc.yaml has to list."""

from __future__ import annotations

import ast
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ON_DEMAND = {  # imported within a function, when params or the command line ask for it
    "stages/racing_grounds.py": "racing",
    "stages/carracing_grounds.py": "carracing",
    "stages/noisy_agent.py": "--driver",
    "stages/teacher.py": "--teacher",
    # Who works changes no figure, so no stage depends on whether it is a cluster, and how.
    "stages/executors/dask_cluster.py": "dask",
}


def imported_files(script: str, demands: Collection[str] = ("racing",)) -> set[str]:
    """Paths below the root of `script` and of every file of `stages` that it needs.

    Args:
        script: where to begin.
        demands: the values of ON_DEMAND that are asked for: the kind of the world, for a pipeline
            does not depend on one that it does not drive in, and options of the command line.
    """
    found = {path for path, demand in ON_DEMAND.items() if demand not in demands}
    undemanded = found.copy()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [name for name in named_files(path) if name not in found]
    return found - undemanded


def named_files(path: str) -> set[str]:
    """Paths below the root of the files of `stages` that a file imports itself."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"{path}: relative imports are not looked at; write the full name"
            )
            modules |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {
        file for module in modules if module.split(".")[0] == "stages" for file in _files(module)
    }


def _files(module: str) -> set[str]:
    """The files that run when `module` is imported: the packages around it, and itself."""
    parts = module.split(".")
    candidates = ["/".join([*parts[:depth], "__init__.py"]) for depth in range(1, len(parts) + 1)]
    return {file for file in [*candidates, "/".join(parts) + ".py"] if (ROOT / file).is_file()}
