"""Stages run in any folder."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.support.project import ROOT, Project

QUICK = ROOT / "recipes" / "quick" / "params.yaml"
STAGES = {
    "collect": ["rollouts.h5"],
    "train_v": ["rollouts.h5", "v.npz"],
    "encode": ["rollouts.h5", "v.npz", "latents.h5"],
    "train_m": ["latents.h5", "m.npz"],
}
NAMES = (b"caf\xe9 \xff", "a b\n'c\" ½ 😀".encode(), b"-rf *?[x]$HOME %s")


def test_a_folder_may_have_any_name(tmp_path, template):
    """And those above it; some file systems refuse some names."""
    folder = tmp_path
    for name in NAMES:
        with suppress(OSError):
            (folder / os.fsdecode(name)).mkdir()
            folder /= os.fsdecode(name)
    if folder == tmp_path:
        pytest.skip("this file system refuses all of the names")
    for stage, files in STAGES.items():
        result = subprocess.run(
            [sys.executable, "-m", f"stages.{stage}", *files, "--params", QUICK],
            cwd=folder,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert result.returncode == 0, result.stderr
        assert not result.stderr
        made = files[-1]
        usual = Project(template).read(f"{'data' if made.endswith('.h5') else 'models'}/{made}")
        assert (folder / made).read_bytes() == usual
