"""The article as a file: its size, its numbers and where they come from."""

import csv
import html
import json
import re
import sys
from functools import reduce

import numpy as np
import pytest

from tests.support.project import ROOT
from tools import article as script
from tools.fast_yaml import parse_yaml
from worldmodels.figures.article.article import FOLDER, RACE_SECONDS, SEARCH, SLOT
from worldmodels.figures.article.numbers import NUMBERS

NETWORK = re.compile(r"(src|href)=\"(?!data:)|url\(|@import|\bfetch\(|https?://|\bimport\(")
DATA = re.compile(r'<data value="([^"]*)" title="([^"]*)">([^<]*)</data>')
SOURCES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".js", ".html", ".css"))
TYPED = {"1", "2", "3", "4", "5", "6", "2018", "1803.10122"}  # numbers of parts, year and paper


def number_in(file: str, key: str) -> float:
    """The number that a file of the repository has, read without the article's code."""
    path = ROOT / file
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            names = set(arrays.files) - {"kind"} if key == "*" else {key}
            return float(sum(arrays[name].size for name in names))
    text = path.read_text(encoding="utf-8")
    content = json.loads(text) if path.suffix == ".json" else parse_yaml(text)
    return float(reduce(lambda inner, name: inner[name], key.split("."), content))


def test_the_article_is_one_file_below_4_mb_that_needs_no_network(article):
    assert len(article.encode()) < 4_000_000
    assert not NETWORK.search(article)
    assert "<!-- " not in article
    assert "{{" not in article
    assert script.make_article() == article


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_of_the_article_needs_no_network_and_has_lines_of_100_characters(path):
    text = path.read_text(encoding="utf-8")
    assert not NETWORK.search(text)
    assert max(map(len, text.splitlines())) <= 100


def test_each_number_of_the_text_is_that_of_the_file_it_names(article):
    found = DATA.findall(article)
    assert len(found) >= len(NUMBERS)
    for value, source, text in found:
        expected = number_in(*html.unescape(source).split(": "))
        assert float(value) == pytest.approx(expected, rel=1e-12), source
        digits = len(text.partition(".")[2])
        shown = float(text.replace("\N{MINUS SIGN}", "-").replace(",", ""))
        assert shown == pytest.approx(expected, abs=0.5001 * 10**-digits), source


def test_every_number_is_used_and_none_is_typed():
    texts = [path.read_text(encoding="utf-8") for path in SOURCES if path.suffix == ".html"]
    body = "".join(text.partition("<body>")[2] or text for text in texts)
    others = {f"search_{name}" for name in SEARCH} | {"race_seconds"}
    assert set(NUMBERS) <= set(SLOT.findall(body)) <= set(NUMBERS) | others
    text = re.sub(r"<[^>]*>", " ", SLOT.sub("", html.unescape(body)))
    assert set(re.findall(r"\d[\d.,]*\d|\d", text)) <= TYPED


def test_the_curve_by_temperature_is_that_of_the_study(article):
    text = re.search(r'id="data">(.*?)</script>', article, re.S)[1]
    data = json.loads(text)
    with (ROOT / "studies/temperature/reports/curves/temperature_study.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = {name: [float(row[name]) for row in rows] for name in rows[0]}
    assert data["study"] == expected
    assert data["carracing"]["steps"] * data["carracing"]["env"]["frame_skip"] == 50 * RACE_SECONDS


def test_the_card_of_the_studys_controllers_has_the_scores_of_their_files():
    folder = ROOT / "studies/temperature/released"
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    table = [
        [cell.strip() for cell in line.split("|")[2:-1]] for line in lines if line.startswith("|")
    ]
    names, _, *scores = table
    for number, name in enumerate(names):
        dreams, roads = (
            json.loads((folder / name / f"reports/metrics/{stage}.json").read_text())
            for stage in ("evolve_c", "evaluate")
        )
        found = [float(row[number].replace("\N{MINUS SIGN}", "-")) for row in scores]
        expected = [dreams["dream_return"], roads["mean_return"], roads["off_track"]]
        assert found == [round(value, 2) for value in expected]


def run(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["article", *map(str, arguments)])
    script.main()


def test_the_script_says_where_the_article_is(article, tmp_path, monkeypatch, capsys):
    path = tmp_path / "folder" / "article.html"
    run(monkeypatch, path)
    assert path.read_text(encoding="utf-8") == article
    assert capsys.readouterr().out.endswith(f"which opens from disk: {path}\n")


def test_a_missing_model_is_named_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "RACER", tmp_path)
    (tmp_path / "params.yaml").write_text((ROOT / "carracing/params.yaml").read_text())
    with pytest.raises(SystemExit, match=r"^article: .*v\.npz.*") as stop:
        run(monkeypatch, tmp_path / "article.html")
    assert "\n" not in str(stop.value)
    assert not (tmp_path / "article.html").exists()


def test_a_page_that_is_too_large_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "MAX_BYTES", 1_000_000)
    with pytest.raises(SystemExit, match=r"^article: it has [\d,]+ bytes, and 1,000,000 are"):
        run(monkeypatch, tmp_path / "article.html")
    assert not (tmp_path / "article.html").exists()
