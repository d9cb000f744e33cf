"""Errors that the user can fix."""


class UserError(Exception):
    """An error that the user can fix: one sentence with the file or dotted key, and the remedy.

    Stages print it as one line and exit with 1. Any other exception is a bug of ours, and keeps its
    traceback.
    """


class ParamsError(UserError):
    """An error in params.yaml that shows only in use; the message begins with the dotted key."""
