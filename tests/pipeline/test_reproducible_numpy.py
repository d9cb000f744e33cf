"""What importing the package sets, so that results are the same on every machine."""

import builtins
import io
import os
import runpy

import pytest

from tests.support.project import ROOT

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
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
        runpy.run_path(str(ROOT / "worldmodels" / "pipeline" / "reproducible_numpy.py"))
    return {name: os.environ[name] for name in (*THREADS, *KERNELS) if name in os.environ}


@pytest.mark.parametrize("cpuinfo", ["flags : fma avx avx2", None])
def test_blas_has_one_thread(environment, cpuinfo):
    assert run_module(environment, cpuinfo) == dict.fromkeys(THREADS, "1")


def test_avx512_is_not_used_because_it_rounds_otherwise(environment):
    variables = run_module(environment, "flags : fma avx avx2 avx512f avx512dq")
    assert variables["OPENBLAS_CORETYPE"] == "Haswell"
    assert "X86_V4" in variables["NPY_DISABLE_CPU_FEATURES"]


def test_a_persons_own_choice_of_kernels_stays(environment):
    environment.setenv("OPENBLAS_CORETYPE", "Zen")
    assert run_module(environment, "flags : avx512f")["OPENBLAS_CORETYPE"] == "Zen"
