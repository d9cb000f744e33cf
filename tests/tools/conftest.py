from pathlib import Path

import pytest

from tests.support.project import ROOT
from tests.support.toy_study import STUDY, write
from tools import study_reader, study_results


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of STUDY, which is the only study."""
    folder = tmp_path / "studies" / "toy"
    folder.mkdir(parents=True)
    write(folder / "results.csv")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.setattr(study_reader, "ROOT", tmp_path)
    monkeypatch.setattr(study_results, "load_study", {"toy": STUDY}.get)
    return folder
