"""CarRacing's pipeline through the real DVC and the real simulator, with a few episodes."""

import json

import pytest

from tests.support.round_projects import carracing_project
from tools.round_stages import LEARNING

REASON = "needs requirements-carracing.txt"
pytest.importorskip("gymnasium", reason=REASON)
pytest.importorskip("Box2D", reason=REASON)
pytest.importorskip("pygame", reason=REASON)

FIRST = [f"{stage}0" for stage in LEARNING]
AFTER = ["finetune_c", "evaluate", "visualize_carracing"]
AFTER += ["evolve_c_z", "finetune_c_z", "evaluate_z"]
AFTER += ["train_m_untrained", "evolve_c_untrained", "finetune_c_untrained", "evaluate_untrained"]
AFTER += ["evaluate_no_finetuning"]
AFTER += ["evolve_c_no_dreams0", "finetune_c_no_dreams0", "evaluate_no_dreams"]


def later(number: int) -> list[str]:
    return [f"{stage}@{number}" for stage in LEARNING]


def later_without_dreams(number: int) -> list[str]:
    return [f"{stage}_no_dreams@{number}" for stage in (*LEARNING, "finetune_c")]


def test_a_second_round_follows_the_first_and_its_c_is_finetuned(make_project):
    project = carracing_project(make_project, rounds=1)
    assert project.repro("finetune_c") == [*FIRST, *later(1), "finetune_c"]
    for number in (0, 1):
        for stage in LEARNING:
            cost = json.loads(project.read(f"rounds/{number}/reports/cost/{stage}.json"))
            assert 0 < min(cost.values()) <= max(cost.values()) < 0.1
        evolution = json.loads(project.read(f"rounds/{number}/reports/details/evolve_c.json"))
        assert evolution["validation_steps"] > 0
    metrics = json.loads(project.read("reports/metrics/finetune_c.json"))
    details = json.loads(project.read("reports/details/finetune_c.json"))
    assert metrics["validation_return"] >= metrics["initial_return"]
    assert details["train_env_steps"] > 0
    same = project.read("models/c.npz") == project.read("rounds/1/models/c.npz")
    assert same == (details["chosen_iteration"] == 0)
    project.replace("params.yaml", "sigma: 0.1", "sigma: 0.2")
    # Dry, DVC does not know yet whether what comes after them will have changed.
    assert project.repro("--dry", "finetune_c") == ["evolve_c0", "evolve_c@1"]


@pytest.mark.slow
def test_a_changed_search_reruns_what_comes_after_it(make_project):
    project = carracing_project(make_project, rounds=2)
    names = sorted([*FIRST, *later(1), *later(2), *AFTER])
    names = sorted([*names, *later_without_dreams(1), *later_without_dreams(2)])
    assert sorted(project.repro()) == names
    assert project.read("reports/drive.gif").startswith(b"GIF")
    assert project.repro() == []
    # Another sigma may find nothing better than its start, either; this has another start.
    project.replace("params.yaml", "pca_components: 4\n  # best", "pca_components: 3\n  # best")
    assert sorted(project.repro()) == [name for name in names if name not in FIRST[:4]]
