"""Builds the real Collector, Jaeger, Compose, k6 1.x and 2.x from Go modules: ``python -m tests.toolchain.build``.

Static binaries at the versions that the go.mod and go.sum of each pin, each in a folder named by its recipe's
content, so that a cache of it is good as long as that recipe stays. What is there already is left alone. Needs Go
(go.mod says which); with cold caches some 12 minutes on two cores, and 4 GB of Go's own caches.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

RECIPES = Path(__file__).parent
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.157.0"
COMPOSE_VERSION = "v2.40.3"
IMAGES = {"otelcol": "k6spec-test/otelcol:0.157", "jaeger": "k6spec-test/jaeger:2"}
TOOLS = {  # the package of each, and Go's linker flags
    "otelcol": (".", "-s -w"),
    "jaeger": ("github.com/jaegertracing/jaeger/cmd/jaeger", "-s -w"),
    "k6": (".", "-s -w"),  # the last 1.x, with an extension
    "k6v2": (".", "-s -w"),  # 2.x, likewise
    "docker-compose": (
        "github.com/docker/compose/v2/cmd",
        f"-s -w -X github.com/docker/compose/v2/internal.Version={COMPOSE_VERSION}",
    ),
}


def folder(tool: str) -> Path:
    """Where a tool's binary is or will be: ``K6SPEC_TOOLCHAIN``, or a folder of the user's cache."""
    if chosen := os.environ.get("K6SPEC_TOOLCHAIN"):
        return Path(chosen)
    digest = hashlib.sha256(repr((TOOLS[tool], BUILDER if tool == "otelcol" else None)).encode())
    for path in sorted((RECIPES / tool).iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "k6spec-toolchain" / f"{tool}-{digest.hexdigest()[:12]}"


def main() -> int:
    """Builds what is missing and prints the binaries' paths."""
    for tool in TOOLS:
        out = folder(tool) / tool
        if not out.exists():
            out.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as scratch:
                _build(tool, Path(scratch), out)
        print(out)
    return 0


def load_images(client: object) -> None:
    """Makes Docker images of the binaries, FROM scratch; ``client`` is a ``docker.DockerClient``."""
    for name, image in IMAGES.items():
        repository, tag = image.split(":")
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as archive:
            archive.add(folder(name) / name, arcname=name)
        client.api.import_image_from_data(  # type: ignore[attr-defined]
            layer.getvalue(),
            repository=repository,
            tag=tag,
            changes=[f'ENTRYPOINT ["/{name}"]', "USER 10001:10001"],
        )


def _build(tool: str, scratch: Path, out: Path) -> None:
    if tool == "otelcol":
        module = _generated_collector(scratch)
    else:
        # Not `go install`: replace directives forbid it, and nothing would be pinned; so it is a tool of a module
        # of ours.
        module = Path(shutil.copytree(RECIPES / tool, scratch / tool))
    package, linker_flags = TOOLS[tool]
    unfinished = out.with_suffix(".part")
    _go(module, "build", "-trimpath", f"-ldflags={linker_flags}", "-o", str(unfinished), package)
    unfinished.replace(out)


def _generated_collector(scratch: Path) -> Path:
    _go(scratch, "install", BUILDER, GOBIN=str(scratch))
    shutil.copy(RECIPES / "otelcol/builder.yaml", scratch)
    # The builder resolves to the newest modules; go.mod and go.sum of ours do not.
    argv = [scratch / "builder", "--config", "builder.yaml", "--skip-get-modules", "--skip-compilation"]
    subprocess.run(argv, cwd=scratch, check=True)
    for name in ("go.mod", "go.sum"):
        shutil.copy(RECIPES / "otelcol" / name, scratch / "build")
    return scratch / "build"


def _go(where: Path, *arguments: str, **environment: str) -> None:
    env = {**os.environ, "CGO_ENABLED": "0", **environment}
    subprocess.run(["go", *arguments], cwd=where, env=env, check=True)


if __name__ == "__main__":
    sys.exit(main())
