"""The error that ends the launcher."""


class LaunchError(Exception):
    """The shop cannot be started or go on; the message is one line for the user."""
