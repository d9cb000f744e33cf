"""The script finetune_c."""

import json
import sys

import pytest

from stages import finetune_c
from tests.support.small_agents import small_agent
from tests.support.two_rounds import QUICK
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import Model

ITERATIONS = 4
SECTION = f"""
finetune_c:
  iterations: {ITERATIONS}
  episodes: 6
  action_std: 0.3
  std_end_factor: 0.5
  noise_correlation: 0.6
  pca_components: 8
  step_size: 1.0
  discount: 0.9
  gae_lambda: 0.9
  patience: 0
  eval_every: 2
  validation_episodes: 5
"""
FILES = ("v.npz", "m.npz", "c.npz", "finetuned.npz")


def run(folder, *, section=SECTION, settings=()):
    text = QUICK.read_text(encoding="utf-8") + section
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    options = [f"--set={each}" for each in ("env.tracks=random", "compute.workers=1", *settings)]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["finetune_c", *FILES, "--reports", ".", *options])
        finetune_c.main()


@pytest.fixture
def folder(quick, tmp_path):
    vision, memory, controllers = small_agent(make_task(quick.env))
    Model(vision.kind, vision.parameters).write(tmp_path / "v.npz")
    Model(memory.kind, memory.arrays()).write(tmp_path / "m.npz")
    Model(controllers.kind, controllers.arrays(0)).write(tmp_path / "c.npz")
    return tmp_path


def test_the_stage_writes_c_metrics_details_and_a_curve(folder, capsys):
    run(folder)
    metrics = json.loads((folder / "metrics/finetune_c.json").read_text())
    assert set(metrics) == {"validation_return", "validation_stderr", "initial_return"}
    assert metrics["validation_return"] >= metrics["initial_return"]
    details = json.loads((folder / "details/finetune_c.json").read_text())
    assert details["episodes"] == ITERATIONS * 6
    line = f"finetune_c: validation return {metrics['validation_return']:+.2f} +- "
    assert line in capsys.readouterr().out
    header, *rows = (folder / "curves/finetune_c.csv").read_text().splitlines()
    assert header == "iteration,train_return,lap_fraction,validation"
    assert len(rows) == ITERATIONS
    assert Model.read(folder / "finetuned.npz", "finetune_c").kind == "linear"
    first = (folder / "finetuned.npz").read_bytes()
    run(folder)
    assert (folder / "finetuned.npz").read_bytes() == first


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"section": ""}, "params.yaml: finetune_c: missing; this stage needs the section"),
        (
            {"settings": ["finetune_c.action_std=0"]},
            "params.yaml: finetune_c.action_std: expected float >= 0.001",
        ),
        (
            {"settings": ["finetune_c.action_sdt=1"]},
            "finetune_c.action_sdt: unknown key; did you mean 'action_std'?",
        ),
    ],
)
def test_wrong_params_are_reported_and_nothing_is_written(folder, changes, words):
    with pytest.raises(SystemExit) as stop:
        run(folder, **changes)
    assert words in str(stop.value)
    assert not (folder / "finetuned.npz").exists()


def test_the_section_may_be_left_out_but_must_be_complete(tmp_path):
    assert read_params(QUICK).finetune_c is None
    part = tmp_path / "part.yaml"
    part.write_text(QUICK.read_text() + "\nfinetune_c:\n  iterations: 2\n")
    with pytest.raises(UserError, match=r"part\.yaml: finetune_c\.\w+: missing; every key must be"):
        read_params(part)
