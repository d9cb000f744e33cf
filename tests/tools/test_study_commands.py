"""What commands that read studies write, and what they say of a wrong one."""

import shutil
import sys

import pytest

from tests.support.project import ROOT
from tests.support.toy_study import TEXT
from tools import docs_figures, dvc_pipelines, study_pages, study_reader
from tools.study_pages import study_figure


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The folder of the only study of a repository."""
    for module in (study_reader, study_pages, dvc_pipelines, docs_figures):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(docs_figures, "DRAWN", {"toy.svg": lambda: study_figure("toy")})
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    folder = tmp_path / "studies" / "toy"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", folder)
    return folder


@pytest.mark.parametrize("tool", [dvc_pipelines, study_pages, docs_figures])
def test_a_command_that_reads_a_wrong_study_says_so_in_a_line_and_writes_nothing(
    project, monkeypatch, tool
):
    text = TEXT.replace("train_m.kind: lstm", "train_m.kind: gru")
    (project / "study.yaml").write_text(text)
    monkeypatch.setattr(sys, "argv", [""])
    before = {path for path in project.parent.parent.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit) as ended:
        tool.main()
    name = tool.__name__.removeprefix("tools.")
    line = f"{name}: {project}/study.yaml: factors.memory.lstm: train_m.kind: expected lstm, "
    assert ended.value.code.startswith(line)
    assert "\n" not in ended.value.code
    assert {path for path in project.parent.parent.rglob("*") if path.is_file()} == before


def test_all_pipelines_are_written_or_none(tmp_path, monkeypatch):
    monkeypatch.setattr(dvc_pipelines, "ROOT", tmp_path)
    for name in ("dvc.yaml", "b"):  # a file where a folder should be
        (tmp_path / name).touch()
    monkeypatch.setattr(sys, "argv", [""])
    monkeypatch.setattr(dvc_pipelines, "derived", lambda _: {"a/dvc.yaml": "", "b/dvc.yaml": ""})
    with pytest.raises(SystemExit, match=r"^dvc_pipelines: .*b/dvc.yaml: cannot be written"):
        dvc_pipelines.main()
    assert not (tmp_path / "a" / "dvc.yaml").exists()
