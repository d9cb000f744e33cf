"""The cards of released agents: each number is that of the file it comes from."""

import json
import re

import numpy as np
import pytest

from tests.support.documented_commands import FENCE
from tests.support.project import ROOT
from tests.support.released_agents import (
    OF_A_RECIPE,
    PROJECTS,
    card,
    code,
    read_json,
    released,
    table,
)
from tools.fast_yaml import parse_yaml
from worldmodels.agent.loading import load_agent
from worldmodels.envs.registry import make_task
from worldmodels.pipeline.config.reader import read_params

NAMES = {"autoencoder": "autoencoder", "conv_vae": "convolutional VAE"}
NAMES |= {"lstm": "LSTM", "mdn_lstm": "MDN-LSTM"}
EVERYWHERE = {"0", "1", "255"}  # numbers in a card's sentences that say nothing of this agent
MINUS = "\N{MINUS SIGN}"
MEAN = "mean return ± standard error"


@pytest.mark.parametrize("project", OF_A_RECIPE)
def test_the_score_is_that_of_the_recipes_metrics(project):
    metrics = json.loads((ROOT / project / "reports/metrics/evaluate.json").read_text())
    found = read_json(project, "evaluate.json")
    controller, baseline = found["controller"], found["baseline"]
    assert metrics["baseline_return"] == baseline["mean_return"]
    assert {name: controller[name] for name in metrics if name in controller} == {
        name: value for name, value in metrics.items() if name != "baseline_return"
    }


@pytest.mark.parametrize("project", PROJECTS)
def test_a_card_has_the_kinds_and_sizes_of_v_m_and_c(project):
    task = make_task(read_params(ROOT / project / "params.yaml").env)
    parts = [released(project) / f"{part}.npz" for part in "vmc"]
    vision, memory, controllers = load_agent(parts, task)
    reward = ", reward and end" if memory.predicts_reward_done else " alone"
    several = f"{len(memory.members)} x " if len(memory.members) > 1 else ""
    kind = NAMES[memory.members[0].kind]
    inputs = "z" if controllers.features == vision.z_size else "z and h"
    kinds = {
        "V": f"{NAMES[vision.kind]}, z of {vision.z_size}",
        "M": f"{several}{kind} of {memory.hidden_size}; predicts z{reward}",
        "C": f"linear, on {inputs}",
    }
    for part, text in kinds.items():
        path = released(project) / f"{part.lower()}.npz"
        with np.load(path) as arrays:
            numbers = sum(arrays[name].size for name in arrays.files if name != "kind")
        size = path.stat().st_size
        assert table(project)[part] == [text, f"{numbers:,}", f"`{path.name}`", f"{size:,}"]
    assert memory.predicts_reward_done == (released(project) / "dream_starts.npz").exists()


@pytest.mark.parametrize("project", PROJECTS)
def test_a_card_has_the_score_of_evaluate_json(project):
    score = read_json(project, "evaluate.json")
    rows = {}
    for label, text in (
        (MEAN, "{mean_return:+.2f} ± {stderr:.2f}"),
        ("standard deviation over tracks", "{std_return:.2f}"),
        ("worst track", "{worst_return:+.2f}"),
        ("off the track", "{off_track}"),
    ):
        both = (text.format(**score[who]) for who in ("controller", "baseline"))
        rows[label] = [number.replace("-", MINUS) for number in both]
    rows[MEAN][0] = f"**{rows[MEAN][0]}**"
    if "finished_share" in score["baseline"]:
        laps = (score[who]["finished_share"] * score[who]["episodes"] for who in score)
        rows["laps finished"] = [f"{number:.0f}" for number in laps]
    episodes, of_baseline = (score[who]["episodes"] for who in ("controller", "baseline"))
    first = f" (the first {of_baseline})" if of_baseline != episodes else ""
    rows[f"{episodes} test tracks, one episode each"] = ["C", f"random policy{first}"]
    found = table(project)
    assert {label: found.get(label) for label in rows} == rows


@pytest.mark.parametrize("project", PROJECTS)
def test_other_numbers_of_a_card_are_those_of_the_params(project):
    text = FENCE.sub("", card(project)).partition("\nMIT licence")[0]
    text = re.sub(r"^\|.*\|$|`[^`]*`|\]\([^)]*\)|^#.*$|-v\d", "", text, flags=re.M)
    params = parse_yaml((ROOT / project / "params.yaml").read_text())
    env, data, search = (params[section] for section in ("env", "collect", "evolve_c"))
    numbers = {params["seed"], env.get("frame_skip"), *env["view"].values()}
    numbers |= {data["episodes"], data["held_out_episodes"]}
    numbers.add(search["population"] * search["generations"] * search["episodes"])
    shown = {number.rstrip(".,") for number in re.findall(r"\d[\d.,]*", text)} - EVERYWHERE
    assert not {number for number in shown if float(number.replace(",", "")) not in numbers}


@pytest.mark.parametrize("project", PROJECTS)
def test_the_lines_of_a_card_give_an_action(project, monkeypatch):
    """Black pictures of the shape that the comment says; ranges as it says."""
    monkeypatch.chdir(ROOT)
    python = code(project, "python")
    assert f'worldmodels.load("{project}/released")\n' in python
    shape = tuple(map(int, re.search(r"uint8 \(([\d, ]+)\)", python)[1].split(",")))
    names = {"observation": np.zeros(shape, np.uint8)}
    exec(python, names)
    assert names["agent"].version == read_json(project, "agent.json")["version"]
    lowest = [-1, 0, 0] if project == "carracing" else [-1, -1]
    assert names["action"].shape == (len(lowest),)
    assert np.all((names["action"] >= lowest) & (names["action"] <= 1))


@pytest.mark.parametrize("project", PROJECTS)
def test_a_card_links_to_what_is_there(project):
    links = re.findall(r"\]\(([^)#]+)", card(project))
    assert len(links) > 3
    assert not [link for link in links if not (released(project) / link).exists()]
    assert "MIT licence" in card(project)
