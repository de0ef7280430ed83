"""Bodies of requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from k6spec.declare.flow.template import Json, Text, json_of, text_of, texts_of
from k6spec.declare.location import caller_folder, reject


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file in a multipart body: one that stays where it is, or bytes that become one of the compiled script."""

    filename: str
    content_type: str
    path: Path | None = None
    content: bytes = field(default=b"", repr=False)

    def describe(self) -> dict[str, object]:
        """In plain values; the content as a hash."""
        content = self.content if self.path is None else self.path.read_bytes()
        return {
            "filename": self.filename,
            "content_type": self.content_type,
            "sha256": hashlib.sha256(content).hexdigest()[:16],
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JsonBody:
    """JSON."""

    value: Json


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FormBody:
    """``application/x-www-form-urlencoded``."""

    fields: Mapping[str, str]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartBody:
    """``multipart/form-data``."""

    parts: Mapping[str, str | File]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TextBody:
    """Any text."""

    text: str


Body = JsonBody | FormBody | MultipartBody | TextBody
"""The body of a request."""


def file(
    content: bytes | str | Path, *, filename: str | None = None, content_type: str = "application/octet-stream"
) -> File:
    """A file for ``multipart=``.

    Args:
        content: bytes, or a path relative to the spec's own folder.
        filename: as the system sees it; by default the path's name, or ``"file"``.
    """
    if isinstance(content, bytes):
        return File(filename=filename or "file", content_type=content_type, content=content)
    path = existing_file("file", content)
    return File(filename=filename or path.name, content_type=content_type, path=path)


def existing_file(function: str, path: str | Path) -> Path:
    """A file that a spec names, relative to its own folder."""
    if not isinstance(path, (str, Path)):
        reject(f"{function}({path!r}): write a path as a text")
    folder = caller_folder()
    found = (folder / path).resolve()
    if not found.is_file():
        reject(f"{function}: there is no file {str(path)!r} in {folder}")
    return found


def body_of(
    *,
    json: Json,
    form: Mapping[str, Text] | None,
    multipart: Mapping[str, Text | File] | None,
    text: Text | None,
) -> Body | None:
    """The declared body; at most one kind is given."""
    given = {"json": json, "form": form, "multipart": multipart, "text": text}
    kinds = [name for name, value in given.items() if value is not None]
    if len(kinds) > 1:
        reject(f"a request has one body; this one has {' and '.join(kinds)}: leave all but one out")
    if json is not None:
        return JsonBody(value=json_of("json", json))
    if form is not None:
        return FormBody(fields=texts_of("form", form))
    if multipart is not None:
        return MultipartBody(parts=_parts(multipart))
    return None if text is None else TextBody(text=text_of("text", text))


def _parts(multipart: Mapping[str, Text | File]) -> dict[str, str | File]:
    if not isinstance(multipart, Mapping) or not any(isinstance(part, File) for part in multipart.values()):
        reject(
            "multipart needs a file, for k6 sends multipart for files only: "
            'write multipart={"photo": flow.file("photo.png")}, or form= for fields alone'
        )
    return {
        name: part if isinstance(part, File) else text_of(f"multipart {name!r}", part)
        for name, part in multipart.items()
    }
