"""The docker stack. The only package that imports Docker's SDK, and itself imported only where it is wanted."""

from k6spec.stack.docker.backend import DockerStack
from k6spec.stack.docker.daemon import clear_leftovers, why_not

__all__ = ["DockerStack", "clear_leftovers", "why_not"]
