"""The projects in rounds, with quick params: a few episodes of everything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.project import ROOT, Project
from tools.carracing_pipeline import carracing_pipeline
from tools.doom_ablations import Ablations
from tools.doom_pipeline import doom_pipeline
from tools.doom_temperatures import Study

MakeProject = Callable[..., Project]
STUDY = Study((0.1, 1.3), (0, 1), {}, (0.1, 1.3))  # fewer, and as many games as the params say
ABLATED = Ablations((0, 1), ())
FINETUNE = {"train_c": ("train_in=env",)}


def carracing_project(make_project: MakeProject, rounds: int) -> Project:
    """CarRacing's project with a quick recipe and that many rounds after the first."""
    return _project(make_project, "carracing", carracing_pipeline(_root(), rounds, lambda _: {}))


def doom_project(make_project: MakeProject, rounds: int = 1) -> Project:
    """Doom's project with a quick recipe, that many rounds after the first, STUDY and
    ABLATED.
    """
    pipeline = doom_pipeline(_root(), rounds, lambda _: {}, STUDY, FINETUNE, ABLATED)
    return _project(make_project, "doom", pipeline)


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


def _root() -> str:
    return (ROOT / "dvc.yaml").read_text(encoding="utf-8")


def _project(make_project: MakeProject, name: str, pipeline: str) -> Project:
    project = Project(make_project(subprojects=True).folder / name)
    project.write("dvc.yaml", pipeline)
    quick = ROOT / "tests" / "support" / f"{name}_quick.yaml"
    project.write("params.yaml", quick.read_text(encoding="utf-8"))
    return project
