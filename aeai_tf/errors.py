"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Bad input: one sentence that names the thing and the way out.

    Programs print it on stderr, without a traceback, and exit with 1.
    """
