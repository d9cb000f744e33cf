"""The commands in README.md and docs/: in blocks, transcripts and code spans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.project import ROOT, Project

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = ("README.md", *(path.relative_to(ROOT).as_posix() for path in DOCS))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"`([^`]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.M)
HERE_DOCUMENT = re.compile(r"<<-?\s*['\"]?(\w+)")
COMMENT = re.compile(r"(^|\s+)#\s.*$")
PROGRAMS = (
    *("bash", "cd", "chmod", "cp", "dask", "dvc", "export", "git", "make", "mv", "open", "openssl"),
    *("perl", "pip", "pytest", "python", "python3", "rm", "ruff", "sed", "sh", "source", "ssh"),
    *("uv", "xdg-open"),
)
COMMAND = re.compile(rf"(?:\w+=(?:\"[^\"]*\"|\S*) )*(?:{'|'.join(PROGRAMS)}) \S|make$")
RULE = re.compile(r"^─+$")
REVISION = re.compile(r"^[├└]── [0-9a-f]{7} ")  # of an experiment
END = "=== end of a command ==="


@dataclass(frozen=True)
class Command:
    """A command that a page shows.

    Attributes:
        text: what is typed, without comments and line breaks.
        page: the page's path.
        section: the heading above it.
        printed: the lines below it in a transcript; None outside of transcripts.
    """

    text: str
    page: str
    section: str
    printed: tuple[str, ...] | None = None


def read(page: str | Path) -> str:
    """The text of a page, or of another file."""
    return (ROOT / page).read_text(encoding="utf-8")


@cache
def fences(page: str) -> tuple[tuple[str, str, str], ...]:
    """The fenced blocks of a page: (section, language, content)."""
    text = read(page)
    return tuple((_section(text, each.start()), each[1], each[2]) for each in FENCE.finditer(text))


@cache
def spans(page: str) -> tuple[tuple[str, str], ...]:
    """The code spans of a page as a reader sees them: (section, content)."""
    text = FENCE.sub("", read(page))
    found = []
    for span in SPAN.finditer(text):
        in_table = text[text.rfind("\n", 0, span.start()) + 1] == "|"
        content = span[1].replace(r"\|", "|") if in_table else span[1]
        found.append((_section(text, span.start()), " ".join(content.split())))
    return tuple(found)


def block(page: str, section: str) -> list[Command]:
    """The commands in the fenced blocks of a section, in their order."""
    found = []
    for name, language, content in fences(page):
        if name == section and language == "console":
            for part in re.split(r"^\$ ", content, flags=re.M)[1:]:
                (text, *_), shown = _typed(part.splitlines(), most=1)
                found.append(Command(text, page, section, tuple(shown)))
        elif name == section and language in ("sh", "bash"):
            found += [Command(text, page, section) for text in _typed(content.splitlines())[0]]
    return found


@cache
def documented_commands() -> tuple[Command, ...]:
    """Every command of every page."""
    found: list[Command] = []
    for page in PAGES:
        for section in dict.fromkeys(section for section, _, _ in fences(page)):
            found += block(page, section)
        for section, content in spans(page):
            if COMMAND.match(content):
                found.append(Command(content, page, section))
    return tuple(found)


def type_in(project: Project, *commands: str) -> list[str]:
    """What each of some commands prints that are typed one after the other into one shell."""
    script = ["exec 2>&1"]
    for command in commands:
        script += [command if "\n" in command else f"{command} || exit 1", f"echo '{END}'"]
    return project.type_in("\n".join(script)).stdout.split(f"{END}\n")[:-1]


def difference(shown: tuple[str, ...], printed: str, *, numbers: bool = True) -> str:
    """What a transcript shows and a command does not print, or the other way round.

    Lines are compared in any order, because DVC's order of rows and of stages that do not depend on
    each other changes from run to run. `...` stands for whatever else is printed.

    Args:
        shown: the lines of the transcript.
        printed: what the command has printed.
        numbers: whether lines with a digit are compared, too.
    """
    expected, actual = _compared(shown, numbers), _compared(printed.splitlines(), numbers)
    anything = expected.pop("...", 0)
    missing = expected - actual
    extra = Counter() if anything else actual - expected
    return "\n".join([*(f"- {line}" for line in missing), *(f"+ {line}" for line in extra)])


def _compared(lines: Iterable[str], numbers: bool) -> Counter[str]:
    """How often each line occurs, however wide its columns are."""
    texts = (REVISION.sub("", RULE.sub("", " ".join(line.split()))) for line in lines)
    return Counter(text for text in texts if text and (numbers or not re.search(r"\d", text)))


def _section(text: str, position: int) -> str:
    headings = HEADING.findall(FENCE.sub("", text[:position]))  # a comment in a block is none
    return headings[-1] if headings else ""


def _typed(lines: list[str], most: int | None = None) -> tuple[list[str], list[str]]:
    """The first commands of a block, all if no number is given, and the lines after them.

    A command goes on after a backslash, and to the end of its here-document.
    """
    commands: list[str] = []
    while lines and len(commands) != most:
        here, length = HERE_DOCUMENT.search(lines[0]), 1
        if here:
            length = lines.index(here[1]) + 1
        while not here and lines[length - 1].endswith("\\"):
            length += 1
        joined = [COMMENT.sub("", line).removesuffix("\\").strip() for line in lines[:length]]
        command = "\n".join(lines[:length]) if here else " ".join(joined)
        commands += [command] if command else []
        lines = lines[length:]
    return commands, lines
