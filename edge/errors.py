"""The one error for what a person can mend."""


class UserError(Exception):
    """One line that names the file and the key; `hearth` prints it and exits with status 2."""

    for_user = True
