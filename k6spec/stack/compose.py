"""The files in compose/, for people who start the stack by hand: ``python -m k6spec.stack.compose DIR``.

They are made of the same plan as the docker stack's containers: the same images, arguments and configuration. The
ports are those that everybody expects, and the folder that the Collector writes to is a volume in memory, as a
volume on disk would belong to root.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from k6spec.stack.containers import COLLECTOR, Container, StackPlan

COMPOSE_FILE: Final = "docker-compose.yaml"

_VOLUME: Final = "spans"
_HEAD: Final = """\
# {what}
# Made by k6spec's own code, the same that configures `--k6spec-stack docker`; a test holds that they agree.
# To change it: change k6spec/stack, then `python -m k6spec.stack.compose compose`.
"""
_ABOUT: Final = {
    COMPOSE_FILE: "The stack for people: `docker compose -f compose/docker-compose.yaml up -d`, and Jaeger is at\n"
    "# http://127.0.0.1:16686, and OTLP is taken on 127.0.0.1:4317 (gRPC) and 4318 (HTTP).",
    "otel-collector.yaml": "The OpenTelemetry Collector's configuration.",
    "jaeger.yaml": "Jaeger's configuration.",
}


def compose_files() -> Mapping[str, str]:
    """The text of each file, by its name."""
    containers = StackPlan().containers
    texts = {_config_file(container): container.config for container in containers}
    texts[COMPOSE_FILE] = yaml.safe_dump(_compose(containers), sort_keys=False)
    return {name: _HEAD.format(what=_ABOUT[name]) + text for name, text in texts.items()}


def _compose(containers: list[Container]) -> dict[str, Any]:
    return {
        "name": "k6spec",
        "services": {container.name: _service(container) for container in containers},
        # Readable by `docker compose cp`; emptied whenever the Collector starts.
        "volumes": {
            _VOLUME: {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "mode=0777,size=1g"}},
        },
    }


def _service(container: Container) -> dict[str, Any]:
    mounts = [f"./{_config_file(container)}:{container.config_path}:ro"]
    if container.folder is not None:
        mounts.append(f"{_VOLUME}:{container.folder}")
    # Jaeger's ports for health and OTLP have the numbers of the Collector's, which are published.
    published = [
        port
        for purpose, port in container.ports.items()
        if purpose not in {"health", "otlp"} or container.name == COLLECTOR
    ]
    return {
        "image": container.image,
        "command": container.command,
        **({"environment": dict(container.env)} if container.env else {}),
        "volumes": mounts,
        "ports": [f"127.0.0.1:{port}:{port}" for port in published],
        "restart": "unless-stopped",
    }


def _config_file(container: Container) -> str:
    return f"{container.name}.yaml"


def main(folder: Path) -> None:
    """Writes the files."""
    folder.mkdir(exist_ok=True)
    for name, text in compose_files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
