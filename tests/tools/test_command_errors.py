"""How commands of tools/ end at errors."""

from subprocess import CalledProcessError

import pytest

from tools.command_errors import errors_in_a_line
from worldmodels.pipeline.errors import UserError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("study.yaml: minutes: expected int"), "tool: study.yaml: minutes: expected int"),
        (
            FileNotFoundError(2, "No such file", "page.md"),
            "tool: page.md: No such file or directory",
        ),
        (CalledProcessError(128, ["git", "a b"]), "tool: git 'a b': exit status 128"),
        (
            CalledProcessError(128, ["git", "ls-files"], stderr="fatal: no repository\n"),
            "tool: git ls-files: exit status 128: fatal: no repository",
        ),
    ],
)
def test_an_error_that_is_no_bug_is_a_line(error, line):
    with pytest.raises(SystemExit) as ended, errors_in_a_line("tool"):
        raise error
    assert ended.value.code == line


def test_a_bug_keeps_its_traceback():
    with pytest.raises(KeyError), errors_in_a_line("tool"):
        raise KeyError("name")
