"""The Python of docs/gymnasium.md runs, and prints what the page says."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import worldmodels
from tests.support.documented_commands import fences
from tests.support.project import ROOT

PAGE = "docs/gymnasium.md"


def test_the_examples_print_what_the_page_shows(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    shown = 0
    for _, language, content in fences(PAGE):
        if language == "python":
            exec(compile(content, Path(PAGE), "exec"), names)
        elif language == "text":
            assert capsys.readouterr().out == content
            shown += 1
    assert shown == 5


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_in_either_mode_the_agents_state_starts_with_each_episode(mode, dream_folder, monkeypatch):
    """An untrained C that sees h returns what it returns alone, with a reset at each start."""
    monkeypatch.chdir(ROOT)
    (example,) = (code for _, _, code in fences(PAGE) if "def mean_return" in code)
    names: dict = {"gymnasium": gymnasium, "np": np, "agent": worldmodels.load(dream_folder)}
    exec(compile(example, Path(PAGE), "exec"), names)
    agent, returns = names["agent"], []
    agent.controller.bias = [0.0, 1.0]  # it drives
    for row in range(3):
        env = gymnasium.make(agent.environment, **agent.env_kwargs)
        for seed in (row, None):
            (observation, _), over, total = env.reset(seed=seed), False, 0.0
            agent.reset()
            while not over:
                observation, reward, terminated, truncated, _ = env.step(agent.act(observation))
                over, total = terminated or truncated, total + reward
            returns.append(total)
    assert names["mean_return"](agent, mode, num_envs=3) == pytest.approx(np.mean(returns), 1e-6)
