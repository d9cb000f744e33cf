"""The projects in rounds, with quick params: a few episodes of everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.project import ROOT, Project
from tools.carracing_pipeline import carracing_pipeline
from tools.doom_ablations import Ablations
from tools.doom_pipeline import doom_pipeline
from tools.doom_temperatures import TemperatureStudy
from tools.fast_yaml import parse_yaml

MakeProject = Callable[..., Project]
Params = Mapping[str, Mapping[str, Any]]  # values by section and key
# Fewer temperatures and seeds, and as many games as the params say.
STUDY = TemperatureStudy((0.1, 1.3), (0, 1), {}, (0.1, 1.3))
ABLATED = Ablations((0, 1), ())
FINETUNE = {"train_c": ("train_in=env",)}


def carracing_project(make_project: MakeProject, rounds: int) -> Project:
    """CarRacing's project with a quick recipe and that many rounds after the first."""
    return _project(make_project, "carracing", carracing_pipeline(_root(), rounds, lambda _: {}))


def doom_project(
    make_project: MakeProject, rounds: int = 1, params: Params | None = None
) -> Project:
    """Doom's project with a quick recipe, some of whose params are others, that many rounds after
    the first, STUDY and ABLATED.
    """
    pipeline = doom_pipeline(_root(), rounds, lambda _: {}, STUDY, FINETUNE, ABLATED)
    return _project(make_project, "doom", pipeline, params)


def models(project: Project) -> dict[str, bytes]:
    """All tables and models, by path; reports hold costs, which differ."""
    folders = ("rounds", "models", "data", "finetuned", "temperatures", "ablations")
    paths = [
        path
        for folder in folders
        for end in ("h5", "npz")
        for path in Path(project.folder, folder).glob(f"**/*.{end}")
    ]
    return {str(path.relative_to(project.folder)): path.read_bytes() for path in paths}


def with_params(text: str, params: Params) -> str:
    """The text of a params.yaml with other values of some of its keys."""
    if not params:
        return text
    content = parse_yaml(text)
    for section, values in params.items():
        assert values.keys() <= content[section].keys()
        content[section].update(values)
    return yaml.safe_dump(content)


def _root() -> str:
    return (ROOT / "dvc.yaml").read_text(encoding="utf-8")


def _project(
    make_project: MakeProject, name: str, pipeline: str, params: Params | None = None
) -> Project:
    project = Project(make_project(subprojects=True).folder / name)
    project.write("dvc.yaml", pipeline)
    quick = ROOT / "tests" / "support" / f"{name}_quick.yaml"
    project.write("params.yaml", with_params(quick.read_text(encoding="utf-8"), params or {}))
    return project
