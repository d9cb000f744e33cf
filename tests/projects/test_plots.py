"""What `dvc plots show` draws of the curves in git, in each project."""

import itertools
import json
import subprocess

import pytest
from dvc.render.match import match_defs_renderers
from dvc.repo import Repo

from tests.support.project import ROOT
from tools.dvc_pipelines import PROJECTS, named

NAMES = {
    ".": "reference",
    "studies/temperature": "temperature study",
    "carracing": "CarRacing",
    **{project: project.split("/")[1] for project in PROJECTS if project.startswith("recipes/")},
}
CONSTANT = {"baseline", "validation"}  # may be
TEMPLATES = ROOT / ".dvc" / "plots"
# Of pygtrie, as DVC uses it; DVC takes a warning that is raised for a plot that it cannot read.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")


def curves(project: str, monkeypatch: pytest.MonkeyPatch):
    """The specifications of a project's plots but for its pictures, as the page has them."""
    monkeypatch.chdir(ROOT / project)
    with Repo() as repo:
        matched = match_defs_renderers(repo.plots.show(), templates_dir=repo.plots.templates_dir)
    assert not [found for found in matched if found.source_errors or found.definition_errors]
    renderers = [found.renderer for found in matched if found.renderer.TYPE == "vega"]
    return [renderer.get_filled_template() for renderer in renderers]


@pytest.mark.parametrize("project", NAMES)
def test_titles_name_the_project_and_no_line_is_flat_by_construction(project, monkeypatch):
    plots = curves(project, monkeypatch)
    titles = [plot["title"]["text"] for plot in plots]
    assert len(set(titles)) == len(titles) >= 2
    for plot in plots:
        assert plot["title"]["text"].startswith((f"{NAMES[project]}: ", f"{NAMES[project]}, "))
        x, y = (plot["encoding"][axis]["field"] for axis in "xy")
        assert plot["encoding"]["x"]["title"].replace("-", "_").startswith(x.split("_")[0])
        assert len(plot["encoding"]["y"]["title"].split()) > 1 or y == "sigma"
        # DVC names what differs between the lines of a plot: columns, or files.
        lines = itertools.groupby(
            plot["data"]["values"], lambda row: (row.get("field"), row.get("filename"))
        )
        for (column, file), rows in lines:
            values = [float(row[y]) for row in rows]
            what = f"{plot['title']['text']}: {column or file or y}"
            assert len(values) > 1, what
            assert column in CONSTANT or len(set(values)) > 1, what


def test_a_recipe_of_ones_own_gets_its_name(tmp_path):
    pipeline = (ROOT / "recipes" / "unseen" / "dvc.yaml").read_text()
    (tmp_path / "dvc.yaml").write_text(pipeline)
    subprocess.run(
        ["perl", "-pi", "-e", "s/unseen: /mine: /", "dvc.yaml"], cwd=tmp_path, check=True
    )
    assert (tmp_path / "dvc.yaml").read_text() == named((ROOT / "dvc.yaml").read_text(), "mine")


def test_a_column_has_a_colour_and_a_revision_a_dash(monkeypatch):
    several, *_, single = curves(".", monkeypatch)
    assert several["encoding"]["color"]["field"] == "field"
    assert single["encoding"]["color"] == {}
    for plot in (several, single):
        assert plot["encoding"]["strokeDash"]["field"] == "rev"


def test_the_templates_differ_in_the_scale_of_x():
    linear, log = (
        json.loads((TEMPLATES / f"{name}.json").read_text()) for name in ("linear", "log_x")
    )
    assert log["encoding"]["x"].pop("scale")["type"] == "log"
    assert {**log, "description": ""} == {**linear, "description": ""}
