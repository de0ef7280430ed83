"""The demo shop as a container, with PostgreSQL beside it where its image is at hand. Only when asked for::

    docker build -t k6spec-demo -f demo/Dockerfile .
    docker pull postgres:17
    pytest specs/in_containers --k6spec-stack docker

``K6SPEC_DEMO_IMAGE`` names another image of the shop. ``SHOP_FAULTS=slow_query`` breaks it.
"""

from __future__ import annotations

import os
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

import k6spec

IMAGE = os.environ.get("K6SPEC_DEMO_IMAGE") or "k6spec-demo"
ON_POSTGRESQL = {"SHOP_DATABASE_URL": "postgresql+psycopg://shop:shop@postgres/shop"}


@pytest.fixture(scope="session")
def k6spec_sut() -> k6spec.Sut:
    """Both services in one container; their database in another, or SQLite inside."""
    database = [
        k6spec.Service(
            name="postgres",
            image=image,
            env={"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "shop", "POSTGRES_DB": "shop"},
            ready=("pg_isready", "-h", "127.0.0.1", "-U", "shop"),
        )
        for image in (_images_of("postgres") or [])[:1]
    ]
    return k6spec.ContainerSut(
        IMAGE,
        port=8080,
        ready="/healthz",
        env={"SHOP_FAULTS": os.environ.get("SHOP_FAULTS", ""), **(ON_POSTGRESQL if database else {})},
        beside=database,
        timeout=k6spec.seconds(120),  # PostgreSQL takes its time for 600,000 rows
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips what is in this folder, unless Docker is asked for and the image is there."""
    if (reason := _why_not(config)) is None:
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


def _why_not(config: pytest.Config) -> str | None:
    if config.getoption("--k6spec-replay"):
        named = any(Path(__file__).parent.name in argument for argument in config.args)
        return None if named else "runs in containers are judged again when named: pytest specs/in_containers"
    if (config.getoption("--k6spec-stack") or os.environ.get("K6SPEC_STACK")) != "docker":
        return "containers are loaded when asked for: pytest specs/in_containers --k6spec-stack docker"
    if "K6SPEC_DEMO_IMAGE" not in os.environ and _images_of(IMAGE) == []:
        return f"there is no image {IMAGE}: docker build -t {IMAGE} -f demo/Dockerfile ."
    return None


def _images_of(repository: str) -> list[str] | None:
    """Those that are here; None where Docker does not answer, which the load will say in full."""
    try:
        client = docker.from_env()
    except DockerException:
        return None
    try:
        return [tag for image in client.images.list(repository) for tag in image.tags]
    finally:
        client.close()
