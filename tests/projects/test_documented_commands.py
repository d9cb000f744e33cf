"""Each command in README.md and docs/ is run by a test, or is marked as not run."""

import argparse
import importlib
import itertools
import re
import shlex

import pytest

from tests.support.command_tables import (
    BLOCKS,
    EDIT,
    MARKED,
    NOT_RUN,
    RUN,
    TRANSCRIPTS,
    TYPED,
    typed,
)
from tests.support.documented_commands import block, documented_commands
from tests.support.project import ROOT
from tools.fast_yaml import parse_yaml

DASK = re.compile(r"^(PYTHONPATH=\. )?dask ")


def test_every_command_is_run_or_marked_as_not_run():
    shown = {command.text for command in documented_commands()}
    in_blocks = {text for page, section in BLOCKS for text in typed(page, section)}
    alone = set(itertools.chain(*TYPED.values(), *RUN.values()))
    unknown = shown - in_blocks - alone - MARKED
    assert not unknown, "run it in a test, or name it in NOT_RUN in tests/support/command_tables.py"
    assert not (alone | MARKED) - shown, "no page has it any more"
    assert not (alone | in_blocks) & MARKED, "it is run"
    assert len(MARKED) == sum(map(len, NOT_RUN.values())), "it is marked twice"


@pytest.mark.parametrize(("page", "section"), BLOCKS)
def test_a_block_is_typed_in_the_file_that_is_named(page, section):
    assert block(page, section)
    source = (ROOT / BLOCKS[page, section]).read_text(encoding="utf-8")
    name = "EDIT" if section == EDIT else f'"{re.escape(section)}"'
    assert re.search(rf'(typed|block)\((page|"{page}"), {name}\)', source)


@pytest.mark.parametrize("name", TYPED)
def test_a_test_types_the_commands_that_are_listed_for_it(name):
    source = (ROOT / TRANSCRIPTS).read_text(encoding="utf-8")
    assert f"def {name}(" in source
    assert f'TYPED["{name}"]' in source


@pytest.mark.parametrize("test", RUN)
def test_a_test_that_is_named_is_there_and_its_file_has_the_commands_words(test):
    path, name = test.split("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert f"def {name}(" in source
    words = {word for command in RUN[test] for word in shlex.split(command)[1:]}
    assert not {word for word in words if word not in source}


@pytest.mark.parametrize("command", sorted(text for text in MARKED if "python -m" in text))
def test_a_script_that_is_not_run_is_there_and_takes_the_arguments(command, monkeypatch):
    _, _, module, *arguments = shlex.split(command)
    if "<" in module:
        return
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    assert "def main(" in source
    if "ArgumentParser" not in source and not module.startswith("stages."):
        assert not arguments or "sys.argv" in source
        return

    class ParsedError(Exception):
        pass

    parse_args = argparse.ArgumentParser.parse_args

    def parsed(parser, args=None, namespace=None):
        parse_args(parser, args, namespace)
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    monkeypatch.setattr("sys.argv", [module, *itertools.chain(*map(braces, arguments))])
    with pytest.raises(ParsedError):
        importlib.import_module(module).main()


@pytest.mark.parametrize("command", sorted(filter(DASK.match, MARKED)))
def test_dask_takes_the_options(command):
    program, *arguments = shlex.split(DASK.sub("", command))
    script = importlib.import_module(f"distributed.cli.dask_{program}")
    assert script.main.make_context(program, arguments).command is script.main


def test_files_and_stages_of_commands_that_are_not_run_are_there():
    words = {word for text in MARKED for word in shlex.split(text)}
    files = {word for word in words if word.endswith((".txt", "params.yaml"))}
    assert files
    assert not {file for file in files if not (ROOT / file).exists()}
    stages = {
        match for text in MARKED for match in re.findall(r"^cd (\S+) && dvc repro (\w+)", text)
    }
    assert stages
    for folder, stage in stages:
        pipeline = (ROOT / folder / "dvc.yaml").read_text(encoding="utf-8")
        assert stage in parse_yaml(pipeline)["stages"]


def braces(word: str) -> list[str]:
    """What a shell makes of {a,b}."""
    match = re.search(r"\{([^}]*,[^}]*)\}", word)
    return [word.replace(match[0], each) for each in match[1].split(",")] if match else [word]
