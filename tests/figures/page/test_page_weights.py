"""The stage that draws the page to play in; the page itself is tested in test_play_page.py."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.test_dreams import latents as latents  # a fixture

from stages.dream_starts import STARTS, starts
from stages.play import MOST_BYTES, main, play
from tests.support.page_agents import KINDS, RACING, ROOT, Agent
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.dream.starts import StoredStarts
from worldmodels.figures.page import page as play_page
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import Model
from worldmodels.vision.autoencoder import Autoencoder


@pytest.fixture(scope="module")
def agents():
    return {kind: Agent(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", ["note", "carracing"])
def test_a_page_is_one_small_file_that_asks_nothing_of_the_network(agents, kind):
    html = agents[kind].page()
    assert len(html.encode()) <= MOST_BYTES
    assert not re.search(r"(src|href)=\"(?!data:)|url\(|@import|\bfetch\(|https?://", html)
    assert agents[kind].page() == html


def test_what_is_too_large_loses_bits_and_then_is_refused():
    rng = np.random.default_rng(0)
    vision = Autoencoder.initial(256, 64, 16, rng)
    controllers = Controllers.from_genomes(np.zeros((1, parameter_count([16, 2]))), [16, 2])

    def of(hidden: int) -> int:
        memory = Ensemble([DeterministicLSTM.initial(16, 2, hidden, rng)])
        _, report = play(RACING, vision, memory, controllers, None)
        return report.metrics["bytes_a_weight"]

    assert [of(hidden) for hidden in (32, 300, 360)] == [4, 3, 2]
    with pytest.raises(UserError, match="V and M are too large"):
        of(500)


def test_weights_are_rounded_to_their_highest_bytes():
    array = np.random.default_rng(0).normal(size=999).astype(np.float32)
    for size, error in ((4, 0), (3, 2.0**-16), (2, 2.0**-8)):
        raw = np.frombuffer(play_page._highest_bytes(array, size), np.uint8).reshape(-1, size)
        whole = np.pad(raw, ((0, 0), (4 - size, 0))).copy().view("<f4")[:, 0]
        assert (np.abs(whole - array) <= error * np.abs(array)).all()


def test_modules_that_one_scope_cannot_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(play_page, "FOLDER", tmp_path)
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nconst c = b;\n')
    (tmp_path / "b.js").write_text("export const b = 1;\n")
    assert "import" not in play_page.bundled("a.js")
    (tmp_path / "b.js").write_text("const c = 2;\nexport const b = c;\n")
    with pytest.raises(ValueError, match=r"a\.js: 'c' is declared in b\.js, too"):
        play_page.bundled("a.js")
    (tmp_path / "b.js").write_text("export default 1;\n")
    with pytest.raises(ValueError, match="cannot be bundled: 'export default 1;'"):
        play_page.bundled("a.js")


def test_every_module_keeps_to_the_width_of_the_house():
    for path in sorted(play_page.FOLDER.iterdir()):
        wide = [line for line in path.read_text().splitlines() if len(line) > 100]
        assert not wide, f"{path.name}: {wide}"


def saved(agent: Agent, folder: Path) -> list[str]:
    """The files of an agent, as the command line names them."""
    models = {
        "v": Model(agent.vision.kind, agent.vision.parameters),
        "m": Model(agent.memory.kind, agent.memory.arrays()),
        "c": Model(agent.controllers.kind, agent.controllers.arrays(0)),
    }
    if agent.beginnings:
        models["starts"] = Model("beginnings", agent.beginnings._asdict())
    for name, model in models.items():
        model.write(folder / f"{name}.npz")
    return [str(folder / f"{name}.npz") for name in "vmc"]


def run(monkeypatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["play", *arguments])
    main()


def test_the_stage_writes_the_page_of_a_game_that_it_has_no_twin_of(
    agents, tmp_path, monkeypatch, capsys
):
    files, html = saved(agents["carracing"], tmp_path), tmp_path / "play.html"
    options = ["--params", str(ROOT / "carracing/params.yaml"), "--reports", str(tmp_path)]
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, *files, str(html), *options)
    assert "tell it where dreams begin: --starts FILE" in str(stopped.value)
    assert not html.exists()
    run(monkeypatch, *files, str(html), *options, "--starts", str(tmp_path / "starts.npz"))
    assert html.read_text(encoding="utf-8") == agents["carracing"].page()
    assert "it opens from disk" in capsys.readouterr().out
    assert json.loads((tmp_path / "metrics/play.json").read_text())["bytes_a_weight"] == 4


def test_models_that_do_not_fit_the_world_are_refused_in_a_line(agents, tmp_path, monkeypatch):
    files = saved(agents["carracing"], tmp_path)
    options = ["--params", str(ROOT / "params.yaml"), "--reports", str(tmp_path)]
    with pytest.raises(SystemExit, match="V was made for pictures of 2688 pixels, but the world's"):
        run(monkeypatch, *files, str(tmp_path / "play.html"), *options)


@pytest.mark.parametrize("burn_in", [0, 4])
def test_beginnings_are_moments_of_recorded_episodes(burn_in, latents, tmp_path):
    begun, _ = starts(burn_in, latents, np.random.default_rng(0))
    assert begun.z.shape == (STARTS, latents.mean.shape[1])
    assert begun.past_z.shape[1] == burn_in
    path = tmp_path / "starts.npz"
    Model("beginnings", begun._asdict()).write(path)
    read = Model.read(path, "starts")
    for ours, theirs in zip(begun, StoredStarts.from_arrays(read.arrays), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match="do not fit each other"):
        StoredStarts.from_arrays({**read.arrays, "steps": np.full(STARTS, 99, np.float32)})
