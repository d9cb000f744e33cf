"""The hash of the code that checkpoints and clusters compare."""

import shutil

from tests.support.project import ROOT
from worldmodels.pipeline import code_version as module


def version_of(package, monkeypatch) -> str:
    monkeypatch.setattr(module, "PACKAGE", package)
    return module.code_version.__wrapped__()  # without its cache


def test_the_version_depends_on_names_and_content_of_all_files(tmp_path, monkeypatch):
    package = tmp_path / "worldmodels"
    shutil.copytree(ROOT / "worldmodels", package)
    first = version_of(package, monkeypatch)
    assert first.startswith("worldmodels ")
    new = package / "evolution" / "new.py"
    new.write_text("")
    assert version_of(package, monkeypatch) != first
    new.unlink()
    assert version_of(package, monkeypatch) == first
    with (package / "nn" / "adam.py").open("a") as file:
        file.write("# changed\n")
    assert version_of(package, monkeypatch) != first
