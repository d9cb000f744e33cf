"""The environment and the class that docs/own_environment.md shows."""

import ast
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stages import play
from tests.support.documented_commands import fences
from tests.support.project import ROOT
from worldmodels.pipeline.config.reader import read_params

PAGE = "docs/own_environment.md"
SOURCE = ROOT / "worldmodels" / "envs" / "gymnasium" / "env.py"


def shown(section: str) -> str:
    (content,) = (
        text for name, language, text in fences(PAGE) if (name, language) == (section, "python")
    )
    return content


def without_docstrings(tree: ast.Module) -> dict[str, str]:
    """The classes and functions of a module, by name, as code without docstrings and comments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body.pop(0)
    return {
        node.name: ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }


def test_the_class_on_the_page_is_that_of_the_source():
    page = without_docstrings(ast.parse(shown("The class that does it")))
    source = without_docstrings(ast.parse(SOURCE.read_text(encoding="utf-8")))
    assert list(page) == ["GymnasiumEnv", "to_action"]
    assert page.items() <= source.items()


def test_there_is_no_page_to_play_in_of_such_an_environment(tmp_path: Path, monkeypatch):
    files = [*map(str, (tmp_path / "v", tmp_path / "m", tmp_path / "c", tmp_path / "page"))]
    params = ROOT / "recipes/other/params.yaml"
    options = ["--params", str(params), "--reports", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["play", *files, *options])
    with pytest.raises(SystemExit) as stop:
        play.main()
    words = "env.kind: a page is of racing, carracing or doom; found gymnasium"
    assert stop.value.code == f"play: {params}: {words}"


def test_the_environment_on_the_page_runs(tmp_path: Path, monkeypatch):
    pytest.importorskip("gymnasium", reason="needs requirements-carracing.txt")
    from worldmodels.envs.registry import make_task

    (tmp_path / "my_env.py").write_text(shown("In ten lines"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    env_params = read_params(ROOT / "recipes" / "other" / "params.yaml").env
    task = make_task(msgspec.structs.replace(env_params, id="my_env:Balance-v0"))
    assert (task.action_size, task.picture_shape) == (1, (32, 32))
    env = task.make_env([1, 2], 2)
    observations = [env.reset()[0]]
    for _ in range(12):
        observation, _, terminated, _, _ = env.step(np.ones((2, 1)))
        observations.append(observation)
    assert terminated.all()
    assert np.ptp(observations, axis=0).max() == 1  # the point has moved


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("render_mode", [None, "rgb_array"])
def test_gymnasiums_checkers_find_nothing_in_the_environment_on_the_page(
    tmp_path: Path, monkeypatch, render_mode
):
    gymnasium = pytest.importorskip("gymnasium", reason="needs requirements-carracing.txt")
    from gymnasium.utils.env_checker import check_env

    (tmp_path / "my_env.py").write_text(shown("In ten lines"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    env = gymnasium.make("my_env:Balance-v0", render_mode=render_mode)
    env.reset(seed=0)
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(env.action_space.sample())
        over = terminated or truncated
    check_env(env.unwrapped)
