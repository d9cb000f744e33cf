"""`worldmodels.load`: which folders it takes, and what it says of others."""

import json
import shutil
import sys

import numpy as np
import pytest

import worldmodels
from tests.support.project import ROOT
from worldmodels.pipeline.errors import UserError

RELEASED = ROOT / "carracing" / "released"


@pytest.fixture
def copy(tmp_path):
    """A copy of the released agent, to be damaged."""
    folder = tmp_path / "agent"
    folder.mkdir()
    for name in ("v.npz", "m.npz", "c.npz", "agent.json"):
        shutil.copy(RELEASED / name, folder)
    return folder


def rewrite(folder, **changes):
    path = folder / "agent.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")


def test_a_released_agent_is_loaded(copy):
    agent = worldmodels.load(copy)
    assert (agent.environment, agent.version, agent.frame_skip) == ("CarRacing-v3", "1.1.0", 4)
    assert agent.env_params.max_steps == 250
    assert worldmodels.load(str(copy)).memory.hidden_size == agent.memory.hidden_size


def test_what_a_pipeline_has_trained_is_loaded(project):
    agent = worldmodels.load(project.folder)
    assert (agent.environment, agent.version) == ("WorldModels/Racing-v0", None)
    assert repr(agent) == (
        f"PretrainedAgent({str(project.folder)!r}, environment='WorldModels/Racing-v0')"
    )


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "agent.json").unlink(), "agent: no agent is in it; should be a"),
        (lambda folder: shutil.rmtree(folder), "agent: no such folder; should be a folder with"),
        (
            lambda folder: (folder / "m.npz").unlink(),
            "m.npz: no such file; get the folder anew",
        ),
        (lambda folder: shutil.copy(RELEASED / "c.npz", folder / "v.npz"), "v.npz: it should hold"),
        (lambda folder: (folder / "agent.json").write_text("{"), "agent.json: should be JSON"),
        (lambda folder: (folder / "agent.json").write_text("[1]"), "agent.json: the file: expect"),
        (lambda folder: (folder / "agent.json").write_bytes(b"\xff"), "agent.json: should be JSON"),
        (lambda folder: rewrite(folder, format=2), "agent.json: format: "),
        (lambda folder: rewrite(folder, version=1), "agent.json: version: expected str; found 1"),
        (lambda folder: rewrite(folder, score=907), "agent.json: score: unknown key"),
        (lambda folder: rewrite(folder, env={"kind": "boat"}), "agent.json: env.kind: "),
        (
            lambda folder: rewrite(folder, env={"kind": "carracing", "frame_skip": 4}),
            "agent.json: env.view: missing",
        ),
        (
            lambda folder: rewrite(
                folder,
                env={
                    "kind": "carracing",
                    "view": {"height": 64, "width": 64},
                    "frame_skip": 4,
                    "max_steps": 250,
                },
            ),
            "pixels, but the environment's have 12288; get the folder anew",
        ),
    ],
)
def test_what_is_wrong_with_a_folder_is_one_sentence(copy, damage, words):
    damage(copy)
    with pytest.raises(UserError) as error:
        worldmodels.load(copy)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be_looked_into_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file: it is a file; should be"):
        worldmodels.load(tmp_path / "file")


def test_models_of_a_pipeline_are_made_in_its_folder(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    with pytest.raises(UserError) as error:
        worldmodels.load(tmp_path)
    assert str(error.value).endswith(f"v.npz: no such file; run 'dvc repro' in {tmp_path}")


def test_carracing_names_its_released_agent():
    with pytest.raises(worldmodels.UserError) as error:
        worldmodels.load(ROOT / "carracing")
    assert str(error.value).endswith(f"or load {RELEASED}")


def test_a_relative_folder_that_is_missing_is_told_with_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=rf"^nowhere: no such folder in {tmp_path}; should be"):
        worldmodels.load("nowhere")


def test_agents_of_other_gymnasium_environments_are_refused():
    folder = ROOT / "recipes" / "other"
    with pytest.raises(UserError) as error:
        worldmodels.load(folder)
    assert str(error.value).startswith(f"{folder}: its agent is of env.kind: gymnasium, and only")


def test_dooms_agent_is_loaded_and_dreams_without_vizdoom(monkeypatch):
    monkeypatch.setitem(sys.modules, "vizdoom", None)
    agent = worldmodels.load(ROOT / "doom" / "released")
    assert agent.env_kwargs == {"max_episode_steps": 525, "view": (28, 80), "frame_skip": 4}
    picture = np.random.default_rng(0).integers(0, 256, (28, 80, 3), np.uint8)
    assert agent.act(picture).shape == (1,)
    assert agent.vision.encode(picture).shape == (80,)
    dream = agent.dream(steps=3, temperature=0.01)
    assert dream.pictures.shape[1:] == (28, 80, 3)
    assert np.isfinite(dream.rewards).all()
    state = agent.memory.step(agent.z, agent.action)
    assert 0 <= agent.memory.predict(state, agent.z, agent.action).p_done <= 1


def test_dooms_project_names_its_released_agent():
    with pytest.raises(worldmodels.UserError) as error:
        worldmodels.load(ROOT / "doom")
    assert str(error.value).endswith(f"or load {ROOT / 'doom' / 'released'}")
