"""The stage that writes the page; the page itself is tested in a browser, in other files."""

import json
import re
import sys
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest

from stages.play import DOOM_TEMPERATURE, MAX_BYTES, after_zoom, fair, main, play, without_twin
from tests.support.page_agents import DOOM, DOOM_KINDS, RACING, ROOT, PageAgent
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.dream.starts import StartStates
from worldmodels.figures.page.page import FOLDER, pack
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.storage.artifacts import Model
from worldmodels.vision.autoencoder import Autoencoder

NETWORK = re.compile(r"(src|href)=\"(?!data:)|url\(|@import|\bfetch\(|https?://")
SOURCES = sorted(path for path in FOLDER.rglob("*") if path.suffix in (".js", ".html", ".css"))


@pytest.mark.parametrize("kind", ["reference", "carracing"])
def test_a_page_is_one_small_file_that_needs_no_network(agents, kind):
    html, result = agents[kind].play()
    assert result.details["bytes"] == len(html.encode()) <= MAX_BYTES
    assert not NETWORK.search(html)
    assert agents[kind].play()[0] == html


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_source_of_the_page_needs_no_network_and_has_lines_of_100_characters(path):
    text = path.read_text(encoding="utf-8")
    assert not NETWORK.search(text)
    assert max(map(len, text.splitlines())) <= 100


def test_too_many_weights_lose_bits_and_then_the_page_only_says_so():
    rng = np.random.default_rng(0)
    vision = Autoencoder.initial(256, 64, 16, rng)
    controllers = Controllers.from_genomes(np.zeros((1, parameter_count([16, 2]))), [16, 2])

    def of_size(hidden: int):
        memory = Ensemble([DeterministicLSTM.initial(16, 2, hidden, rng)])
        return play(RACING, vision, memory, controllers, None, 1.0)

    precisions = [of_size(hidden)[1].details["bytes_a_weight"] for hidden in (32, 300, 360)]
    assert precisions == [4, 3, 2]
    html, result = of_size(500)
    weights = result.details["weights"]
    assert result.details == {
        "bytes": len(html.encode()),
        "weights": weights,
        "bytes_a_weight": 0,
    }
    assert not result.metrics
    assert weights > 1_000_000
    assert len(html.encode()) < 10_000
    assert not NETWORK.search(html)
    assert "<!--" not in html
    for said in (f"{weights:,} weights", "at 2 bytes each", "limit\n    is 2,000,000 bytes"):
        assert said in html
    assert "<kbd>make</kbd> and <kbd>make dream</kbd>" in html
    assert "too large" in result.summary


def test_weights_are_rounded_to_their_highest_bytes():
    array = np.random.default_rng(0).normal(size=999).astype(np.float32)
    for size, error in ((4, 0), (3, 2.0**-16), (2, 2.0**-8)):
        packed = pack({"array": array}, size)["array"]
        assert packed["shape"] == [999]
        raw = np.frombuffer(b64decode(packed["data"]), np.uint8).reshape(-1, size)
        whole = np.pad(raw, ((0, 0), (4 - size, 0))).copy().view("<f4")[:, 0]
        assert (np.abs(whole - array) <= error * np.abs(array)).all()


def run(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["play", *map(str, arguments)])
    main()


def test_the_stage_needs_start_states_for_an_environment_that_the_page_cannot_run(
    agents, tmp_path, monkeypatch, capsys
):
    files, html = agents["carracing"].write(tmp_path), tmp_path / "play.html"
    arguments = [*(files[name] for name in "vmc"), html]
    arguments += ["--params", ROOT / "carracing/params.yaml", "--reports", tmp_path]
    with pytest.raises(SystemExit, match="needs to know where they start: --dream-starts FILE"):
        run(monkeypatch, *arguments)
    assert not html.exists()
    run(monkeypatch, *arguments, "--dream-starts", files["dream_starts"])
    assert html.read_text(encoding="utf-8") == agents["carracing"].play()[0]
    assert "it opens from disk" in capsys.readouterr().out
    assert json.loads((tmp_path / "details/play.json").read_text())["bytes_a_weight"] == 4
    assert not (tmp_path / "metrics").exists()


def test_models_that_do_not_fit_the_environment_are_refused(agents, tmp_path, monkeypatch):
    files = agents["carracing"].write(tmp_path)
    arguments = [*(files[name] for name in "vmc"), tmp_path / "play.html"]
    arguments += ["--params", ROOT / "params.yaml", "--reports", tmp_path]
    with pytest.raises(SystemExit, match=r"V .* 2688"):
        run(monkeypatch, *arguments)


def test_start_states_of_another_v_are_refused(agents, tmp_path, monkeypatch):
    files = agents["reference"].write(tmp_path)
    (tmp_path / "other").mkdir()
    other = agents["carracing"].write(tmp_path / "other")["dream_starts"]
    arguments = [*(files[name] for name in "vmc"), tmp_path / "play.html"]
    arguments += ["--params", ROOT / "params.yaml", "--reports", tmp_path, "--dream-starts", other]
    with pytest.raises(SystemExit, match="its z have 32 numbers, but V's have 16"):
        run(monkeypatch, *arguments)


def test_a_page_has_no_start_states_in_the_zoom(agents, tmp_path, monkeypatch):
    agent = agents["carracing"]
    context, z = agent.start_states.context, agent.start_states.z
    kept = after_zoom(agent.start_states, frame_skip=4)
    np.testing.assert_array_equal(kept.z, z[[2, 0]])
    np.testing.assert_array_equal(kept.context.steps, [15, 18])
    np.testing.assert_array_equal(kept.context.z, context.z[[2, 0], -18:])
    np.testing.assert_array_equal(kept.context.actions, context.actions[[2, 0], -18:])
    agent = PageAgent("carracing")
    agent.start_states = StartStates(z, context._replace(steps=np.array([12.0, 5, 0], np.float32)))
    files = agent.write(tmp_path)
    arguments = [*(files[name] for name in "vmc"), tmp_path / "play.html", "--dream-starts"]
    arguments += [files["dream_starts"], "--params", ROOT / "carracing/params.yaml"]
    with pytest.raises(SystemExit, match="all its start states lie in the first second"):
        run(monkeypatch, *arguments, "--reports", tmp_path)


def doom_arguments(agent: PageAgent, folder: Path) -> list[Path | str]:
    """The stage's, without --dream-starts."""
    files = agent.write(folder)
    arguments = [*(files[name] for name in "vmc"), folder / "play.html"]
    return [*arguments, "--params", ROOT / "doom/params.yaml", "--reports", folder]


@pytest.mark.parametrize("kind", DOOM_KINDS)
def test_a_page_of_doom_needs_start_states_from_which_c_lives_on(
    agents, kind, tmp_path, monkeypatch
):
    agent, html = agents[kind], tmp_path / "play.html"
    arguments = doom_arguments(agent, tmp_path)
    with pytest.raises(SystemExit, match="needs to know where they start: --dream-starts FILE"):
        run(monkeypatch, *arguments)
    run(monkeypatch, *arguments, "--dream-starts", tmp_path / "dream_starts.npz")
    data = json.loads(re.search(r'id="data">(.*?)</script>', html.read_text())[1])
    assert data["temperature"] == DOOM_TEMPERATURE
    assert data["env"]["predicts_health"]
    assert not [name for name in data["vision"]["arrays"] if name.startswith(("enc", "conv", "me"))]
    assert not NETWORK.search(html.read_text())
    # those with the fewest steps before them come first
    assert data["dream_starts"]["context_steps"] == pack({"": np.array([0, 4, 9])}, 4)[""]


def test_doom_has_no_start_that_is_soon_fatal_if_there_is_another():
    agent = PageAgent("doom")
    (member,), starts = agent.memory.members, agent.start_states
    arrays = member.arrays()
    arrays |= {"z.weight": 0 * arrays["z.weight"], "z.bias": arrays["z.bias"] - 9}  # z hardly moves
    arrays["z.bias"][0] = 0
    outcome, done = np.zeros_like(arrays["outcome.weight"]), np.eye(6, dtype=np.float32)[0]
    outcome[member.hidden_size, 0] = 1  # the end depends on the first number of z alone

    def steps_before(done_bias: float) -> list[float]:
        heads = {"outcome.weight": outcome, "done.weight": done, "done.bias": np.array(done_bias)}
        memory = Ensemble([type(member)({**arrays, **heads})])
        return fair(starts, memory, agent.controllers).context.steps.tolist()

    starts.z[:, 0] = 0, 10, 0
    assert steps_before(-9.0) == [0, 4]
    assert steps_before(9.0)  # all are fatal: as fair as they come
    starts.z[:, 0] = 0
    assert steps_before(-9.0) == [0, 4, 9]


def test_a_page_of_doom_shows_health_only_if_m_has_learned_it(agents):
    agent = PageAgent("doom")
    (member,) = agent.memory.members
    tics_alone = {"reward.weight": np.zeros(6), "reward.bias": np.array(40.0)}
    agent.memory = Ensemble([type(member)({**member.arrays(), **tics_alone})])
    assert '"predicts_health":false' in agent.play()[0]
    assert '"predicts_health":true' in agents["doom"].play()[0]


def test_an_m_that_predicts_no_ends_is_refused_in_doom(agents, tmp_path, monkeypatch):
    arguments = doom_arguments(agents["doom"], tmp_path)
    (member,) = agents["doom"].memory.members
    heads = ("outcome", "reward", "done")
    arrays = {name: x for name, x in member.arrays().items() if not name.startswith(heads)}
    Model(member.kind, arrays).write(tmp_path / "m.npz")
    with pytest.raises(SystemExit, match="predicts no rewards and episode ends, and a dream of Do"):
        run(monkeypatch, *arguments, "--dream-starts", tmp_path / "dream_starts.npz")


def test_the_kinds_of_doom_are_refused_on_other_pages(agents):
    doom, racing = agents["doom"], agents["reference"]
    words = "only a page of doom can play "
    assert without_twin(RACING, doom.vision, racing.memory) == f"{words}column_vae"
    assert without_twin(RACING, doom.vision, doom.memory) == f"{words}column_vae and conv_lstm"
    assert without_twin(RACING, racing.vision, racing.memory) is None
    assert without_twin(DOOM, doom.vision, doom.memory) is None


def test_a_page_of_another_environment_is_refused(agents, tmp_path, monkeypatch):
    files = agents["carracing"].write(tmp_path)
    arguments = [*(files[name] for name in "vmc"), tmp_path / "play.html"]
    arguments += ["--params", ROOT / "recipes/other/params.yaml", "--reports", tmp_path]
    words = r"env\.kind: a page is of racing, carracing or doom; found gymnasium$"
    with pytest.raises(SystemExit, match=words):
        run(monkeypatch, *arguments)


@pytest.mark.parametrize("project", ["recipes/dream", "recipes/paper", "carracing"])
def test_a_released_agent_fits_on_a_page_with_the_temperature_that_it_learned_at(
    project, tmp_path, monkeypatch
):
    folder, page = ROOT / project / "released", tmp_path / "play.html"
    arguments = [*(folder / f"{name}.npz" for name in "vmc"), page, "--reports", tmp_path]
    arguments += ["--params", ROOT / project / "params.yaml"]
    if project == "carracing":
        arguments += ["--dream-starts", folder / "dream_starts.npz"]
    run(monkeypatch, *arguments)
    data = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"))[1]
    assert json.loads(data)["temperature"] == (1.3 if project == "carracing" else 1.0)
    if project == "carracing":
        assert json.loads(data)["dream_starts"]["z"]["shape"] == [8, 32]
