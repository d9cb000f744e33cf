"""The one kind of error that is the user's to mend."""


class UserError(Exception):
    """A sentence for a person: the file or the dotted key, what was found, what would be right.

    Stages print it as one line and exit with 1; anything else that is raised is a fault of ours,
    with its traceback.
    """


class ParamsError(UserError):
    """A fault of params.yaml that shows only in use; it begins with the dotted key."""
