"""Two rounds of the procedure in the racing environment, with a handful of episodes."""

import importlib
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT

QUICK = ROOT / "recipes" / "quick" / "params.yaml"
NOISE = ("collect.action_noise=0.5", "collect.parameter_noise=0.1", "env.tracks=random")


def run(stage, folder, *arguments, settings=()):
    """Run a stage as from the command line; arguments with a dot are files in the folder."""
    settings = (*settings, *NOISE, "compute.workers=1", "evolve_c.generations=2")
    files = [str(folder / each) if "." in each else each for each in arguments]
    options = [f"--set={setting}" for setting in settings]
    with pytest.MonkeyPatch.context() as patch:
        command = [stage, *files, "--params", str(QUICK), "--reports", str(folder), *options]
        patch.setattr(sys, "argv", command)
        patch.chdir(folder)  # where checkpoints are saved
        importlib.import_module(f"stages.{stage}").main()


def run_both(folder: Path) -> None:
    """Run two rounds, which write r0.h5, v0.npz, l0.h5, m0.npz, c0.npz, r1.h5, and so on."""
    v_m_c = ("v0.npz", "m0.npz", "c0.npz")
    run("collect", folder, "r0.h5")
    run("train_v", folder, "r0.h5", "v0.npz")
    run("encode", folder, "r0.h5", "v0.npz", "l0.h5")
    run("train_m", folder, "l0.h5", "m0.npz")
    run("evolve_c", folder, "l0.h5", *v_m_c)
    run("collect", folder, "--append-to", "r0.h5", "--policy", *v_m_c, "r1.h5")
    run("train_v", folder, "r1.h5", "--init-from", "v0.npz", "v1.npz")
    run("encode", folder, "r1.h5", "v1.npz", "l1.h5")
    run("train_m", folder, "l1.h5", "--init-from", "m0.npz", "m1.npz")
    run("evolve_c", folder, "l1.h5", "v1.npz", "m1.npz", "--teacher", *v_m_c, "r1.h5", "c1.npz")
