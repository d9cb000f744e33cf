"""What importing the package sets, so that results are the same on every machine, for everyone."""

import builtins
import io
import os
import runpy
import subprocess
import sys

import pytest

from tests.support.project import ROOT

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
KERNELS = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")


@pytest.fixture
def environment(monkeypatch):
    for name in (*THREADS, *KERNELS):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


def run_module(environment, cpuinfo: str | None) -> dict[str, str]:
    """The environment variables after the import, on a machine with this /proc/cpuinfo."""

    def fake_open(*_: object, **__: object) -> io.StringIO:
        if cpuinfo is None:
            raise FileNotFoundError
        return io.StringIO(cpuinfo)

    with environment.context() as patch:
        patch.setattr(builtins, "open", fake_open)
        runpy.run_path(str(ROOT / "worldmodels" / "pipeline" / "reproducible_environment.py"))
    return {name: os.environ[name] for name in (*THREADS, *KERNELS) if name in os.environ}


@pytest.mark.parametrize("cpuinfo", ["flags : sse2 avx", None])
def test_blas_has_one_thread(environment, cpuinfo):
    assert run_module(environment, cpuinfo) == dict.fromkeys(THREADS, "1")


@pytest.mark.parametrize("more", ["", " avx512f avx512dq"])
def test_openblas_has_the_same_kernels_on_all_machines_with_avx2(environment, more):
    variables = run_module(environment, f"flags : fma avx avx2{more}\n")
    assert variables["OPENBLAS_CORETYPE"] == "Haswell"


def test_numpy_does_not_use_avx512_because_it_rounds_otherwise(environment):
    assert "NPY_DISABLE_CPU_FEATURES" not in run_module(environment, "flags : fma avx avx2")
    variables = run_module(environment, "flags : fma avx avx2 avx512f avx512dq")
    assert "X86_V4" in variables["NPY_DISABLE_CPU_FEATURES"]


@pytest.mark.parametrize("name", KERNELS)
def test_a_persons_choice_of_kernels_is_dropped(environment, name):
    environment.setenv(name, "other")
    assert name not in run_module(environment, "flags : sse2 avx")


HOSTILE = {
    "OPENBLAS_CORETYPE": "Prescott",
    "OPENBLAS_VERBOSE": "5",
    "OPENBLAS_NUM_THREADS": "7",
    "OMP_NUM_THREADS": "x",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3",
    "NPY_ENABLE_CPU_FEATURES": "X86_V3",
    "NPY_PROMOTION_STATE": "legacy",
    "NUMPY_MADVISE_HUGEPAGE": "x",
    "HDF5_DRIVER": "split",
    "HDF5_VOL_CONNECTOR": "nonsense",
}
SUMS = """
import hashlib, io, sys, worldmodels
import h5py, numpy as np
x = np.random.default_rng(0).standard_normal((150, 150)).astype(np.float32)
h5py.File(sys.argv[1], "w")["x"] = np.tanh(x @ np.exp(x))
with open(sys.argv[1], "rb") as file:
    print(hashlib.sha256(file.read()).hexdigest())
"""


def test_results_have_the_same_bytes_whatever_a_person_has_set(tmp_path):
    def run(variables: dict[str, str]) -> str:
        clean = {name: value for name, value in os.environ.items() if name not in HOSTILE}
        result = subprocess.run(
            [sys.executable, "-c", SUMS, tmp_path / "x.h5"],
            cwd=ROOT,
            env=clean | variables,
            capture_output=True,
            encoding="utf-8",
        )
        assert result.stderr == ""
        return result.stdout

    assert run(HOSTILE) == run({})
