"""The Python of docs/gymnasium.md runs, and prints what the page says."""

from pathlib import Path

import pytest

from tests.support.documented_commands import fences
from tests.support.project import ROOT


def test_the_examples_print_what_the_page_shows(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    shown = 0
    for _, language, content in fences("docs/gymnasium.md"):
        if language == "python":
            exec(compile(content, Path("docs/gymnasium.md"), "exec"), names)
        elif language == "text":
            assert capsys.readouterr().out == content
            shown += 1
    assert shown == 4
