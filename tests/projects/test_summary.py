"""The lines that `make` ends in."""

import json

import pytest

from tests.support.project import ROOT
from tools.summary import lines
from worldmodels.pipeline.errors import UserError


@pytest.fixture
def folder(tmp_path):
    """A project whose reports hold known numbers."""
    reports = tmp_path / "reports"
    controller = {"mean_return": 112.8, "episodes": 8, "off_track": 0}
    contents = {
        "metrics/train_v": {"held_out_loss": 0.115, "baseline_loss": 0.351},
        "metrics/train_m": {"held_out_loss": 1.653, "baseline_loss": 0.234},
        "details/evaluate": {"controller": controller, "baseline": {"mean_return": 2.5}},
    }
    for name, content in contents.items():
        path = reports / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    return tmp_path


def test_each_module_stands_beside_its_baseline(folder):
    c, v, m, *rest = lines(folder, seconds=9.4)
    assert len(rest) == 3
    assert "+112.8" in c
    assert "random policy +2.5" in c
    assert "reference stub +100.0" in c
    assert "0.115" in v
    assert "mean image 0.351" in v
    assert "1.653" in m
    assert "persistence" in m
    assert "9 s" in rest[0]
    assert "reports/figures" in rest[1]
    assert "reports/play.html" in rest[2]


def test_of_another_environment_nothing_is_said_of_tracks_and_pages(folder):
    (folder / "params.yaml").write_text((ROOT / "recipes/other/params.yaml").read_text())
    controller = {"mean_return": -120.0, "episodes": 100, "terminated": 98}
    details = {"controller": controller, "baseline": {"mean_return": -440.0}}
    (folder / "reports/details/evaluate.json").write_text(json.dumps(details))
    c, *rest = lines(folder)
    assert c.endswith("100 episodes, 98 of them terminated; the random policy -440.0")
    assert "reports/episode.gif" in rest[-1]


def test_an_m_that_is_worse_than_persistence_is_explained_and_no_other(folder):
    assert "recipes/unseen has a better M" in lines(folder)[2]
    path = folder / "reports" / "metrics" / "train_m.json"
    path.write_text(json.dumps({"held_out_loss": 0.2, "baseline_loss": 0.3}))
    assert "better" not in lines(folder)[2]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tracks: fixed", "tracks: random"),
        ("max_steps: 120", "max_steps: 121"),
        ("half_width: 1.4", "half_width: 1.3"),
        ("phase: 1.9", "phase: 1.8"),
    ],
)
def test_the_reference_stub_is_named_on_its_own_track_alone(folder, old, new):
    params = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(params.replace(old, new))
    assert "reference stub" not in lines(folder)[0]


def test_a_project_of_rounds_and_a_missing_report_are_said(folder):
    (folder / "reports/metrics/train_m.json").unlink()
    with pytest.raises(UserError, match=r"train_m.json: no such file; stage train_m makes it"):
        lines(folder)
    (folder / "params.yaml").write_text((ROOT / "doom/params.yaml").read_text())
    with pytest.raises(UserError, match=r"params.yaml: env.kind: should be .*; found doom$"):
        lines(folder)


def test_readme_shows_them(folder):
    """With the numbers of the root's reports in git; the seconds are of one run."""
    metrics = {
        stage: json.loads((ROOT / f"reports/metrics/{stage}.json").read_text())
        for stage in ("train_v", "train_m", "evaluate")
    }
    for stage in ("train_v", "train_m"):
        (folder / f"reports/metrics/{stage}.json").write_text(json.dumps(metrics[stage]))
    evaluation = metrics["evaluate"]
    details = {
        "controller": {**evaluation, "episodes": 8},
        "baseline": {"mean_return": evaluation["baseline_return"]},
    }
    (folder / "reports/details/evaluate.json").write_text(json.dumps(details))
    printed = lines(folder, seconds=10)
    shown = [line.replace(f"{folder}/", "") for line in printed]
    assert "```text\n" + "\n".join(shown) + "\n```" in (ROOT / "README.md").read_text("utf-8")
