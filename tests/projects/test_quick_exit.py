"""What each Python of .venv reads at its start, so that commands end earlier."""

import shutil
import subprocess
import sys

from tests.support.project import ROOT

SCRIPT = """
import site, sys
site.addsitedir(sys.argv[1])
class Loop:
    def __del__(self):
        print("collected")
loop = Loop()
loop.itself = loop
del loop
"""


def test_pythons_of_venv_leave_their_garbage_to_the_system(tmp_path):
    """An object that knows itself is not collected at the end, and so says nothing."""
    shutil.copy(ROOT / "tools/quick_exit.pth", tmp_path)
    for folder, output in ((tmp_path / "none", "collected\n"), (tmp_path, "")):
        result = subprocess.run(
            [sys.executable, "-S", "-c", SCRIPT, str(folder)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout == output
