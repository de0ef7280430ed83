"""The demo shop as a Docker image where none can be pulled: ``python -m tests.support.demo_image`` names it.

Made FROM scratch of this host's own Python: the interpreter, its standard library, the packages of k6spec's extras
``demo`` and ``postgresql``, and the shared libraries that all of these need. It behaves as the image of
demo/Dockerfile does. Its tag is a digest of what went into it, so that it is made again only when that changes.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

REPOSITORY = "k6spec-test/demo-shop"
PYTHON = Path(sys.executable).resolve()
"""Where Python is, in the image as here."""

_ROOT = Path(__file__).parents[2]
_STDLIB = Path(sysconfig.get_path("stdlib"))
_UNUSED = {"ensurepip", "idlelib", "lib2to3", "site-packages", "test", "tests", "tkinter"}
_EXTRAS = ("demo", "postgresql")
_SITE = "/app/site-packages"
_DOCKERFILE = _ROOT / "demo" / "Dockerfile"
_INSTRUMENT = f"#!{PYTHON}\nfrom opentelemetry.instrumentation.auto_instrumentation import run\nrun()\n"
_OWN_FILES = {
    f"{PYTHON.parent}/opentelemetry-instrument": (_INSTRUMENT, 0o755),
    "/etc/nsswitch.conf": ("hosts: files dns\n", 0o644),
    "/etc/passwd": ("shop:x:10001:10001::/tmp:/none\n", 0o644),
}


def demo_image(client: Any) -> str:
    """The image's name; it is made unless it is there. ``client`` is a ``docker.DockerClient``."""
    from docker.errors import APIError, ImageNotFound

    packages = list(_packages())
    image = f"{REPOSITORY}:{_digest(packages)}"
    with suppress(ImageNotFound):
        client.images.get(image)
        return image
    with tempfile.NamedTemporaryFile(suffix=".tar") as layer:
        with tarfile.open(fileobj=layer, mode="w") as archive:
            _fill(archive, packages)
        layer.flush()
        client.api.import_image_from_file(
            layer.name,
            repository=REPOSITORY,
            tag=image.rpartition(":")[2],
            changes=[
                f'ENTRYPOINT ["{PYTHON}", "-m", "demo"]',
                next(line for line in _DOCKERFILE.read_text().splitlines() if line.startswith("CMD")),
                f"ENV PYTHONPATH=/app:{_SITE}",
                "ENV PYTHONDONTWRITEBYTECODE=1",
                "WORKDIR /app",
                "USER 10001:10001",
            ],
        )
    for other in client.images.list(REPOSITORY):
        if image not in other.tags:
            with suppress(APIError):  # in use by another session
                client.images.remove(other.id)
    return image


def _digest(packages: list[Distribution]) -> str:
    digest = hashlib.sha256(f"{sys.version} {PYTHON}".encode() + Path(__file__).read_bytes())
    digest.update(repr(sorted((package.name, package.version) for package in packages)).encode())
    for path in _below(_ROOT / "demo"):
        digest.update(f"{path.relative_to(_ROOT)}".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _packages() -> Iterator[Distribution]:
    """What the extras need, and what that needs in turn."""
    waiting = _asked_for(distribution("k6spec"), set(_EXTRAS), without_extra=False)
    seen = set()
    while waiting:
        wanted = waiting.pop()
        package = distribution(wanted.name)
        if package.name not in seen:
            yield package
        if (key := (package.name, *sorted(wanted.extras))) not in seen:
            seen |= {package.name, key}
            waiting += _asked_for(package, wanted.extras, without_extra=True)


def _asked_for(package: Distribution, extras: set[str], *, without_extra: bool) -> list[Requirement]:
    """What a package requires for some of its extras, and what it requires anyway."""
    found = []
    for needed in map(Requirement, package.requires or ()):
        anyway = needed.marker is None or needed.marker.evaluate({"extra": ""})
        if (without_extra and anyway) or (
            needed.marker and not anyway and any(needed.marker.evaluate({"extra": extra}) for extra in extras)
        ):
            found.append(needed)
    return found


def _fill(archive: tarfile.TarFile, packages: list[Distribution]) -> None:
    programs = [PYTHON]
    for name, (text, mode) in _OWN_FILES.items():
        entry = tarfile.TarInfo(name.lstrip("/"))
        entry.size, entry.mode = len(text), mode
        archive.addfile(entry, io.BytesIO(text.encode()))
    temporary = tarfile.TarInfo("tmp")
    temporary.type, temporary.mode = tarfile.DIRTYPE, 0o1777
    archive.addfile(temporary)
    for path in _below(_STDLIB):
        _add(archive, path, str(path), programs)
    for package in packages:
        for file in package.files or ():
            if ".." not in file.parts and not _UNUSED & set(file.parts):
                _add(archive, Path(str(file.locate())), f"{_SITE}/{file}", programs)
    for path in _below(_ROOT / "demo"):
        _add(archive, path, f"/app/demo/{path.relative_to(_ROOT / 'demo')}", programs)
    archive.add(PYTHON, arcname=str(PYTHON))
    for library in sorted(_libraries(programs)):
        archive.add(Path(library).resolve(), arcname=library)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        unused = bool(_UNUSED & set(inside)) or inside[0].startswith("config-")
        if path.is_file() and not unused:
            yield path


def _add(archive: tarfile.TarFile, path: Path, name: str, programs: list[Path]) -> None:
    if ".so" in path.suffixes:
        programs.append(path)
    archive.add(path.resolve(), arcname=name)


def _libraries(programs: list[Path]) -> set[str]:
    """Where the loader finds what the programs need, besides what they carry themselves."""
    listed = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True).stdout
    words = (line.split() for line in listed.splitlines() if line.startswith("\t"))
    paths = {word for line in words for word in line if word.startswith("/") and not word.endswith(":")}
    return {path for path in paths if "site-packages" not in path}


def main() -> None:
    """Makes it and prints its name."""
    import docker

    client = docker.from_env(timeout=120)
    try:
        print(demo_image(client))
    finally:
        client.close()


if __name__ == "__main__":
    main()
