"""The script train_c."""

import json
import sys

import msgspec
import numpy as np
import pytest
import yaml

from stages import train_c
from tests.support.numbered_latents import numbered_latents
from tests.support.ppo_settings import SETTINGS
from tests.support.small_agents import Z, small_agent
from tests.support.two_rounds import QUICK
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import Model

SECTION = {"train_c": msgspec.to_builtins(SETTINGS)}
FILES = ("latents.h5", "v.npz", "m.npz")
OPTIONS = ("env.tracks=random", "compute.workers=1", "train_m.predict_reward_done=true")


def run(folder, *files, section=SECTION, settings=(), out="new.npz"):
    text = QUICK.read_text(encoding="utf-8") + (yaml.safe_dump(section) if section else "")
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    options = [f"--set={each}" for each in (*OPTIONS, *settings)]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["train_c", *FILES, *files, out, "--reports", ".", *options])
        train_c.main()


@pytest.fixture
def folder(quick, tmp_path):
    vision, memory, controllers = small_agent(make_task(quick.env))
    Model(vision.kind, vision.parameters).write(tmp_path / "v.npz")
    Model(memory.kind, memory.arrays()).write(tmp_path / "m.npz")
    Model(controllers.kind, controllers.arrays(0)).write(tmp_path / "c.npz")
    write_latents(tmp_path, Z)
    return tmp_path


def write_latents(folder, z_size):
    """A training episode of 40 steps, and one of 9 that is held out."""
    z = np.random.default_rng(0).normal(size=(51, z_size)).astype(np.float32)
    held_out = np.array([False, True])
    episodes = numbered_latents(np.array([40, 9]), mean=z, logvar=0 * z, held_out=held_out)
    episodes.write(folder / "latents.h5")


def test_the_stage_writes_c_metrics_details_and_a_curve(folder, capsys):
    run(folder)
    metrics = json.loads((folder / "metrics/train_c.json").read_text())
    assert set(metrics) == {"validation_return", "validation_stderr", "initial_return"}
    assert metrics["validation_return"] >= metrics["initial_return"]
    details = json.loads((folder / "details/train_c.json").read_text())
    assert details["dream_steps"] == 4 * 6 * 5
    assert details["chosen_iteration"] in (0, 2, 4)
    line = f"train_c: validation return {metrics['validation_return']:+.2f} +- "
    assert line in capsys.readouterr().out
    header, *rows = (folder / "curves/train_c.csv").read_text().splitlines()
    assert header == "iteration,dream_return,explained_variance,clip_fraction,validation"
    assert len(rows) == 4
    assert Model.read(folder / "new.npz", "train_c").kind == "hidden"
    run(folder, out="again.npz")
    assert (folder / "new.npz").read_bytes() == (folder / "again.npz").read_bytes()


def test_it_starts_from_another_c(folder):
    linear = ("train_c.hidden=0", "train_c.iterations=0")
    run(folder, "--init-from", "c.npz", settings=linear)
    old, new = (Model.read(folder / name, "train_c").arrays for name in ("c.npz", "new.npz"))
    for name, array in old.items():
        np.testing.assert_allclose(new[name], array, atol=1e-5)
    run(folder, settings=linear, out="other.npz")
    other = Model.read(folder / "other.npz", "train_c").arrays
    assert not np.allclose(other["layer1.weight"], old["layer1.weight"], atol=0.1)


def test_c_sees_the_h_of_another_m(folder, quick):
    arrays = small_agent(make_task(quick.env), seed=1).memory.arrays()
    own = {name: a for name, a in arrays.items() if not name.startswith(("reward", "done"))}
    Model("lstm", own).write(folder / "other.npz")  # which cannot dream
    run(folder, out="same.npz")
    run(folder, "--policy-memory", "other.npz")
    old, new = (Model.read(folder / name, "train_c").arrays for name in ("same.npz", "new.npz"))
    assert not np.allclose(old["layer1.weight"], new["layer1.weight"])
    run(folder, "--policy-memory", "m.npz", out="again.npz")
    assert (folder / "same.npz").read_bytes() == (folder / "again.npz").read_bytes()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"section": {}}, "params.yaml: train_c: missing; this stage needs the section"),
        (
            {"settings": ["train_c.clip_range=0"]},
            "params.yaml: train_c.clip_range: expected float > 0",
        ),
        (
            {"settings": ["train_c.cilp_range=1"]},
            "train_c.cilp_range: unknown key; did you mean 'clip_range'?",
        ),
        (
            {"settings": ["train_m.predict_reward_done=false"]},
            "train_m.predict_reward_done: must be true for train_c.train_in: dream, whose",
        ),
    ],
)
def test_wrong_params_are_reported_and_nothing_is_written(folder, changes, words):
    with pytest.raises(SystemExit) as stop:
        run(folder, **changes)
    assert words in str(stop.value)
    assert not (folder / "new.npz").exists()


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ([], "9 inputs and 0 hidden units, and the params' train_c ask for 9 and 3"),
        (["train_c.hidden=0", "train_c.inputs=z"], "9 inputs and 0 hidden units, and the params'"),
    ],
)
def test_a_c_of_another_form_is_nothing_to_start_from(folder, settings, found):
    with pytest.raises(SystemExit, match=f"train_c: c.npz: nothing to start from: it has {found}"):
        run(folder, "--init-from", "c.npz", settings=settings)


def test_files_that_do_not_fit_are_reported(folder):
    write_latents(folder, Z + 1)
    with pytest.raises(SystemExit, match=r"latents\.h5: its z have 5 dimensions, but those of v"):
        run(folder)


def test_an_m_that_cannot_dream_is_reported(folder):
    arrays = Model.read(folder / "m.npz", "train_m").arrays
    plain = {name: a for name, a in arrays.items() if not name.startswith(("reward", "done"))}
    Model("lstm", plain).write(folder / "m.npz")
    with pytest.raises(
        SystemExit, match=r"m\.npz: this M predicts no rewards and episode ends, so"
    ):
        run(folder)


def test_the_section_may_be_left_out_but_must_be_complete(tmp_path):
    assert read_params(QUICK).train_c is None
    part = tmp_path / "part.yaml"
    part.write_text(QUICK.read_text() + "\ntrain_c:\n  iterations: 2\n")
    with pytest.raises(UserError, match=r"part\.yaml: train_c\.\w+: missing; every key must be"):
        read_params(part)


def test_in_the_environment_m_need_not_dream_but_a_missing_c_is_named_with_its_stage(folder):
    arrays = Model.read(folder / "m.npz", "train_m").arrays
    plain = {name: a for name, a in arrays.items() if not name.startswith(("reward", "done"))}
    Model("lstm", plain).write(folder / "m.npz")
    in_env = ("train_c.train_in=env", "train_m.predict_reward_done=false", "train_c.hidden=0")
    run(folder, "--init-from", "c.npz", settings=in_env)
    details = json.loads((folder / "details/train_c.json").read_text())
    assert details["episodes"] == SETTINGS.iterations * SETTINGS.episodes
    (folder / "c.npz").unlink()
    with pytest.raises(SystemExit, match=r"c\.npz: no such file; stage train_c makes it"):
        run(folder, "--init-from", "c.npz", settings=in_env)
