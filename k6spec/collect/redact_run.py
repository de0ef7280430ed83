"""Redaction of what k6 leaves in a run's folder: requests, samples, its log, its summary, and what the script's
``handleSummary()`` wrote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from k6spec.collect.redact import Redactor
from k6spec.declare.javascript import MODULES

_OWN: Final = frozenset({"run.json", "k6.log"})
_CODE: Final = frozenset({*MODULES, ".html", ".htm", ".css"})
"""A page may have a program in it, where ``token = …`` is code."""


def redact_run(folder: Path, redactor: Redactor) -> None:
    """Replaces each file that holds a secret by one that does not; k6's log was looked through as it was written.

    Of a JSON text it is the values too whose names are those of secrets: k6 shows there what ``setup()`` returned.

    A table without an end, as a k6 that was stopped in a hurry leaves it, can be read by nobody and is removed.
    """
    for path in sorted(folder.glob("*.parquet")):
        _redact_table(path, redactor)
    for path in folder.rglob("*"):
        if not path.is_file() or path.suffix == ".parquet" or path.name in _OWN:
            continue
        if path.suffix == ".json":
            _redact_text(path, lambda text: _redact_json(text, redactor))
        elif path.suffix in _CODE:
            _redact_text(path, redactor.code)
        else:
            _redact_text(path, lambda text: redactor.code(text) if "\0" in text else redactor.text(text))


def _redact_table(path: Path, redactor: Redactor) -> None:
    draft = path.with_suffix(".redacted")
    try:
        with pq.ParquetFile(path) as source:
            if not any(changed for changed, _table in _redacted(source, redactor)):
                return
            with pq.ParquetWriter(draft, source.schema_arrow, compression="zstd") as target:
                for _changed, table in _redacted(source, redactor):
                    target.write_table(table)
    except pa.ArrowInvalid:
        path.unlink()
        return
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    draft.replace(path)


def _redacted(source: pq.ParquetFile, redactor: Redactor) -> Iterator[tuple[bool, pa.Table]]:
    """Each row group, and whether it held a secret."""
    for group in range(source.num_row_groups):
        table = source.read_row_group(group)
        clean = redactor.requests(table)
        yield clean is not table, clean


def _redact_json(text: str, redactor: Redactor) -> str:
    try:
        return json.dumps(redactor.named(json.loads(text)), indent=2)
    except ValueError:
        return redactor.text(text)


def _redact_text(path: Path, scrub: Callable[[str], str]) -> None:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    clean = scrub(text)
    if clean != text:
        draft = path.with_name(f"{path.name}.redacted")
        draft.write_text(clean, encoding="utf-8", errors="surrogateescape")
        draft.replace(path)
