"""What can be derived in the two dvc.yaml: `python -m tests.pipelines` writes it, a test compares.

The files that a stage's script imports are its dependencies; and the pipeline of the recipes is the
root's, with folders of its own for each recipe.
"""

from __future__ import annotations

import re

from tests.imports import ROOT, imported_files

RECIPES = ("unseen", "paper", "dream")
NAME = "${item.recipe}"
HEAD = """\
# The seven stages of ../dvc.yaml, once for each recipe: written by `python -m tests.pipelines`.
"""
CHAMPIONS = """
# The recipes side by side.
plots:
- C of each recipe:
    title: "C: the best found so far, driven again on validation roads"
    x: generation
    x_label: generation
    y:
{lines}
    y_label: episode return
"""


def with_dependencies(pipeline: str) -> str:
    """The text of dvc.yaml, with every file of `stages` that a stage imports under its deps."""
    lines: list[str] = []
    stage, written = "", set()
    for line in pipeline.splitlines():
        if name := re.fullmatch(r"  (\w+):", line):
            stage = name[1]
        if not re.fullmatch(r"    - stages/.*\.py", line):
            lines.append(line)
        elif stage not in written:
            written.add(stage)
            lines += [f"    - {path}" for path in sorted(imported_files(f"stages/{stage}.py"))]
    return "\n".join(lines) + "\n"


def of_recipes(pipeline: str) -> str:
    """The text of recipes/dvc.yaml."""
    stages = pipeline[pipeline.index("stages:") : pipeline.index("\n# A stage's own plots")]
    head = f"\\g<0>    matrix:\n      recipe: [{', '.join(RECIPES)}]\n    wdir: ..\n"
    stages = re.sub(r"(?m)^  \w+:\n", head, stages)
    stages = re.sub(r"\b(data|models|reports)/", rf"recipes/{NAME}/\1/", stages)
    options = f" --params recipes/{NAME}.yaml --reports recipes/{NAME}/reports"
    stages = re.sub(r"(?m)^    cmd: .*$", rf"\g<0>{options}", stages)
    keys = r"(?m)(?<=^    params:\n)((?:    - \w+\n)+)"
    stages = re.sub(keys, lambda found: _under(f"recipes/{NAME}.yaml", found[1]), stages)
    curves = [f"      {recipe}/reports/curves/evolve_c.csv: champion" for recipe in RECIPES]
    return HEAD + stages + CHAMPIONS.format(lines="\n".join(curves))


def _under(file: str, keys: str) -> str:
    """A list of keys as keys of a file."""
    return f"    - {file}:\n" + re.sub("(?m)^", "  ", keys.rstrip("\n")) + "\n"


def main() -> None:
    """Write both files."""
    root, recipes = ROOT / "dvc.yaml", ROOT / "recipes" / "dvc.yaml"
    pipeline = with_dependencies(root.read_text(encoding="utf-8"))
    root.write_text(pipeline, encoding="utf-8")
    recipes.write_text(of_recipes(pipeline), encoding="utf-8")


if __name__ == "__main__":
    main()
