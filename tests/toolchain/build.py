"""Builds the real Collector and Jaeger from their Go modules: ``python -m tests.toolchain.build``.

Static binaries at the versions that go.mod and go.sum in this folder pin, in a folder named by the content of the
recipe, so that a cache of it is good as long as the recipe stays. What is there already is left alone. Needs Go
(go.mod says which); with cold caches some 6 minutes on two cores, and 2 GB of Go's own caches.
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

RECIPE = Path(__file__).parent
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.157.0"
JAEGER = "github.com/jaegertracing/jaeger/cmd/jaeger"
IMAGES = {"otelcol": "k6spec-test/otelcol:0.157", "jaeger": "k6spec-test/jaeger:2"}


def folder() -> Path:
    """Where the binaries are or will be: ``K6SPEC_TOOLCHAIN``, or a folder of the user's cache."""
    if chosen := os.environ.get("K6SPEC_TOOLCHAIN"):
        return Path(chosen)
    digest = hashlib.sha256()
    for path in sorted(RECIPE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.name.encode() + path.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / f"k6spec-toolchain-{digest.hexdigest()[:12]}"


def main() -> int:
    """Builds what is missing and prints the folder."""
    out = folder()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        if not (out / "otelcol").exists():
            _otelcol(Path(scratch), out / "otelcol")
        if not (out / "jaeger").exists():
            _jaeger(Path(scratch), out / "jaeger")
    print(out)
    return 0


def load_images(client: object) -> None:
    """Makes Docker images of the binaries, FROM scratch; ``client`` is a ``docker.DockerClient``."""
    for name, image in IMAGES.items():
        repository, tag = image.split(":")
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as archive:
            archive.add(folder() / name, arcname=name)
        client.api.import_image_from_data(  # type: ignore[attr-defined]
            layer.getvalue(),
            repository=repository,
            tag=tag,
            changes=[f'ENTRYPOINT ["/{name}"]', "USER 10001:10001"],
        )


def _otelcol(scratch: Path, out: Path) -> None:
    _go(scratch, "install", BUILDER, GOBIN=str(scratch))
    shutil.copy(RECIPE / "otelcol/builder.yaml", scratch)
    # The builder resolves to the newest modules; go.mod and go.sum of ours do not.
    argv = [scratch / "builder", "--config", "builder.yaml", "--skip-get-modules", "--skip-compilation"]
    subprocess.run(argv, cwd=scratch, check=True)
    for name in ("go.mod", "go.sum"):
        shutil.copy(RECIPE / "otelcol" / name, scratch / "build")
    _build(scratch / "build", out, ".")


def _jaeger(scratch: Path, out: Path) -> None:
    # Not `go install`: its go.mod has replace directives, so it is a tool of a module of ours.
    shutil.copytree(RECIPE / "jaeger", scratch / "jaeger")
    _build(scratch / "jaeger", out, JAEGER)


def _build(module: Path, out: Path, package: str) -> None:
    unfinished = out.with_suffix(".part")
    _go(module, "build", "-trimpath", "-ldflags=-s -w", "-o", str(unfinished), package)
    unfinished.replace(out)


def _go(where: Path, *arguments: str, **environment: str) -> None:
    env = {**os.environ, "CGO_ENABLED": "0", **environment}
    subprocess.run(["go", *arguments], cwd=where, env=env, check=True)


if __name__ == "__main__":
    sys.exit(main())
