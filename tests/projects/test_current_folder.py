"""What .venv's Pythons find: code in the current folder, whatever the environment says."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.project import ROOT


@pytest.mark.parametrize(("option", "stays"), [("-P", True), ("-I", False)])
def test_with_pythonsafepath_the_current_folder_stays_on_the_path(tmp_path, option, stays):
    """What .venv's Pythons read at their start; -P is what PYTHONSAFEPATH=1 sets."""
    (tmp_path / "site").mkdir()
    shutil.copy(ROOT / "tools/current_folder.pth", tmp_path / "site")
    script = f"import os, site, sys; site.addsitedir({str(tmp_path / 'site')!r})"
    result = subprocess.run(
        [sys.executable, option, "-c", f"{script}; print(sys.path[0] == os.getcwd())"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == f"{stays}\n"
