"""Errors that the user can fix."""


class UserError(Exception):
    """An error that the user can fix: one sentence with the file or dotted key, and the remedy.

    Stages print it as one line and exit with 1. Any other exception is a bug of ours, and keeps its
    traceback.

    Args:
        problem: what is wrong.
        remedy: what to do, if that depends on where the problem is met.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}; {remedy}" if remedy else problem)
        self.problem = problem


class ParamsError(UserError):
    """An error in params.yaml that shows only in use; the message begins with the dotted key."""
