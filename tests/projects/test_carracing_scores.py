"""The scores of CarRacing's ablations: which of the reports in git count, and the docs' table."""

import json
import subprocess
import sys

import pytest

from tests.support.project import ROOT
from tools.carracing_scores import agents
from worldmodels.pipeline.reports import CURVES

ITERATIONS = 3
NOT_MEASURED = "has not been measured anew yet"
ABSENT = {"z alone", "h of an untrained M"}


@pytest.fixture
def project(tmp_path):
    """A project of CarRacing without reports, with training seed 1."""
    params = (ROOT / "carracing/params.yaml").read_text()
    changed = params.replace("iterations: 140", f"iterations: {ITERATIONS}")
    (tmp_path / "params.yaml").write_text(changed)
    return tmp_path


def write_report(folder, mean, stderr, iterations=ITERATIONS):
    """What an agent's fine-tuning and evaluation leave in git."""
    reports = folder / "reports"
    (reports / "metrics").mkdir(parents=True)
    (reports / "curves").mkdir()
    numbers = {"mean_return": mean, "stderr": stderr}
    (reports / "metrics" / "evaluate.json").write_text(json.dumps(numbers))
    lines = [",".join(CURVES["finetune_c"])]
    lines += [f"{number},1,1,1" for number in range(1, iterations + 1)]
    (reports / "curves" / "finetune_c.csv").write_text("".join(f"{line}\n" for line in lines))


def test_what_has_not_been_run_is_absent(project):
    write_report(project, 900, 3)
    whole, ablations = agents(project)
    assert whole.scores == {1: (900, 3)}
    assert ablations == []


def test_what_an_earlier_finetuning_has_made_is_absent(project):
    write_report(project, 900, 3)
    write_report(project / "ablations/z", 565, 4, iterations=ITERATIONS - 1)
    write_report(project / "ablations/untrained", 800, 4)
    _, ablations = agents(project)
    assert [each.part for each in ablations] == ["training M"]


def test_an_ablation_is_compared_with_the_same_training_seeds(project):
    write_report(project, 900, 3)
    write_report(project / "seeds/0", 800, 3)
    write_report(project / "ablations/z", 850, 4)
    whole, (z,) = agents(project)
    assert list(whole.scores) == [0, 1]
    assert whole.mean().mean == 850
    assert z.scores == {1: (850, 4)}
    assert z.lost(whole) == (50, 5)  # of seed 1 alone
    write_report(project / "seeds/0/ablations/z", 780, 4)
    whole, (z,) = agents(project)
    assert z.lost(whole).mean == (50 + 20) / 2
    assert z.lost(whole).stderr == pytest.approx((15**2 + 5**2) ** 0.5)


def test_the_page_has_the_table_that_is_printed():
    command = [sys.executable, "-m", "benchmarks.carracing_ablations"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    page = (ROOT / "docs/carracing.md").read_text(encoding="utf-8")
    assert f"\n\n{printed}\n" in page
    missing = not all(name in printed for name in ABSENT)
    assert (NOT_MEASURED in page) == missing, "take the sentence away"
