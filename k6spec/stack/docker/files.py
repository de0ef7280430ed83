"""Files of containers, by ``docker cp``'s way: nothing is mounted, so the daemon may have its disk elsewhere."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import Any, Final, cast, final

import docker
from docker.models.containers import Container as Running
from docker.utils import decode_json_header

from k6spec.stack.containers import Container
from k6spec.stack.docker.daemon import API_SECONDS

_CHUNK: Final = 1 << 20


@final
class ContainerFiles:
    """A container's files, by ``docker cp``'s way."""

    def __init__(self, client: docker.DockerClient, container: Running) -> None:
        self._api = client.api
        self._container = container

    def size(self, path: str) -> int:
        # The SDK's get_archive makes the daemon read the whole file; a HEAD request only looks at it.
        url = f"{self._api.base_url}/v{self._api.api_version}/containers/{self._container.id}/archive"
        response = self._api.head(url, params={"path": path}, timeout=API_SECONDS)
        response.raise_for_status()
        stat = decode_json_header(response.headers["x-docker-container-path-stat"])
        return int(stat["size"])

    def content(self, path: str) -> Iterator[bytes]:
        pieces, _ = self._container.get_archive(path, chunk_size=_CHUNK)
        with tarfile.open(fileobj=cast("Any", _Pieces(pieces)), mode="r|", bufsize=_CHUNK) as archive:
            for member in archive:
                if (file := archive.extractfile(member)) is not None:
                    while piece := file.read(_CHUNK):
                        yield piece


@final
class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file to read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def archive_of(container: Container) -> bytes:
    """The configuration and the writable folder as a tar archive, to be unpacked at the root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        config = container.config.encode()
        entry = tarfile.TarInfo(container.config_path.lstrip("/"))
        entry.size, entry.mode = len(config), 0o444
        archive.addfile(entry, io.BytesIO(config))
        if container.folder is not None:
            folder = tarfile.TarInfo(container.folder.lstrip("/"))
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777  # whichever user the image runs as
            archive.addfile(folder)
    return buffer.getvalue()
