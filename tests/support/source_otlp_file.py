"""OTLP files for tests: what the real Collector's file exporter writes of what it is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from k6spec.collect.sources.otlp_file import OtlpFileSource
from k6spec.stack.ports import free_ports
from k6spec.stack.program import Program
from k6spec.stack.wait import HttpReady
from tests.support.golden import GOLDEN
from tests.support.stacks import binary, export_of

NATIVE = "exporter.file.nativeCompression"
"""The Collector's feature gate for files that are zstd as a whole."""

FILLER = export_of(1_800, text="x" * 100)
"""Spans of other traces: two of these, in JSON, fill a file that is rotated once it has a megabyte."""


class FileCollector:
    """A running Collector that takes OTLP over HTTP, all signals, and writes all to one file."""

    def __init__(self, path: Path, exporter: dict[str, Any], gates: Sequence[str] = ()) -> None:
        http, health = free_ports([0, 0])
        self._url = f"http://127.0.0.1:{http}/v1"
        config = {
            "extensions": {"health_check": {"endpoint": f"127.0.0.1:{health}"}},
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{http}"}}}},
            "exporters": {"file": {"path": str(path), **exporter}},
            "service": {
                "extensions": ["health_check"],
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {
                    signal: {"receivers": ["otlp"], "exporters": ["file"]}
                    for signal in ("traces", "metrics", "logs")
                },
            },
        }
        argv = [binary("otelcol"), "--config=env:TEST_CONFIG", *(f"--feature-gates={gate}" for gate in gates)]
        self._program = Program(argv, env={"TEST_CONFIG": yaml.safe_dump(config)})
        try:
            self._program.wait_until(HttpReady(f"http://127.0.0.1:{health}/"), timeout=60)
        except BaseException:
            self.stop()
            raise

    def send(self, message: bytes, signal: str = "traces") -> None:
        """Sends an OTLP message."""
        headers = {"content-type": "application/x-protobuf"}
        response = httpx.post(
            f"{self._url}/{signal}", content=message, headers=headers, trust_env=False, timeout=30
        )
        assert response.status_code == 200, response.text

    def stop(self) -> None:
        """Ends it; it writes what it holds first."""
        self._program.stop()


@contextmanager
def file_collector(path: Path, *, gates: Sequence[str] = (), **exporter: Any) -> Iterator[FileCollector]:
    """A Collector with a file exporter to ``path``, and more settings of that exporter."""
    collector = FileCollector(path, exporter, gates)
    try:
        yield collector
    finally:
        collector.stop()


def written_by_collector(*, gates: Sequence[str] = (), **exporter: Any) -> _Load:
    """Loads the golden traces into one file."""

    @contextmanager
    def load(folder: Path) -> Iterator[tuple[OtlpFileSource, Collection[str]]]:
        with file_collector(folder / "spans", gates=gates, **exporter) as collector:
            for message in GOLDEN:
                collector.send(message)
        yield OtlpFileSource(folder / "spans"), ()

    return load


@contextmanager
def rotated(folder: Path) -> Iterator[tuple[OtlpFileSource, Collection[str]]]:
    """Loads the golden traces into several files, among traces of others."""
    path = folder / "spans.json"
    with file_collector(path, rotation={"max_megabytes": 1}) as collector:
        for message in GOLDEN:
            collector.send(message)
            collector.send(FILLER)
            collector.send(FILLER)
    assert len(list(folder.iterdir())) > 2
    yield OtlpFileSource(path), ()


_Load = Callable[[Path], AbstractContextManager[tuple[OtlpFileSource, Collection[str]]]]

LOADED: dict[str, _Load] = {
    "otlp-file json": written_by_collector(),
    "otlp-file proto": written_by_collector(format="proto"),
    "otlp-file json zstd": written_by_collector(compression="zstd"),
    "otlp-file proto zstd": written_by_collector(format="proto", compression="zstd"),
    "otlp-file json zstd stream": written_by_collector(compression="zstd", gates=[NATIVE]),
    "otlp-file proto zstd stream": written_by_collector(format="proto", compression="zstd", gates=[NATIVE]),
    "otlp-file rotated": rotated,
}
