"""The daemon, the demo shop's image and a docker stack, for tests of systems in containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k6spec.stack.base import StackBackend
from tests.support.container_suts import made_in
from tests.support.demo_image import demo_image
from tests.support.stacks import docker_client, make_stack


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Of a daemon that has the stack's images."""
    opened = docker_client()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def image(client: Any) -> str:
    """The demo shop's."""
    return demo_image(client)


@pytest.fixture(scope="module")
def docker_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackBackend]:
    """One that is up."""
    started = make_stack("docker", tmp_path_factory.mktemp("stack"))
    started.start()
    yield started
    started.stop()


@pytest.fixture
def ours(client: Any, tmp_path: Path) -> Callable[[], list[Any]]:
    """What containers, networks and volumes there are of the test's workspace."""
    return lambda: made_in(client, tmp_path)
