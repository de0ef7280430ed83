"""For all tests and specs of this repository."""

pytest_plugins = ["pytester"]
