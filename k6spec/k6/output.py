"""Turns k6's JSON output into rows while it comes. Source: ``internal/output/json`` of k6 1.0 to 2.2.

k6 writes a line for each sample. The samples of one HTTP request follow each other and have the same time, tags
and metadata: the first is parsed, and of the others only the value is taken.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from k6spec.k6.calls import GRPC, as_request, is_call
from k6spec.k6.carried import FROM_SCRIPT, UNMARKED, carried, traceparent_of
from k6spec.k6.crowds import Crowds
from k6spec.k6.rows import Own, RequestRows, SampleRows, Tags

_JSON: Final = json.JSONDecoder()
_REQUESTS: Final = "http_reqs"
_PHASES: Final = (
    "http_req_duration",
    "http_req_blocked",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_waiting",
    "http_req_receiving",
)
_FAILED: Final = "http_req_failed"
_POINT: Final = re.compile(
    r'\{"metric":"([^"]+)","type":"Point","data":\{"time":"([^"]+)","value":([^,]+),"tags":'
)
_REST: Final = tuple(f'{{"metric":"{name}","type":"Point","data":{{"time":"' for name in (*_PHASES, _FAILED))
# A JSON text can't hold this but between two members: its quotes would be escaped. A tag's value is a text.
_METADATA: Final = ',"metadata":{'
_START: Final = "k6spec_start"
_LINES_OF_A_REQUEST: Final = 18  # 9 samples, and before each perhaps the declaration of its metric
_FLUSH_AT: Final = 50_000
_MOST_TAG_SETS: Final = 20_000
# k6 follows these by itself with the same headers and metadata: redirects, and digest authentication's second try.
_FOLLOWED: Final = frozenset({"301", "302", "303", "307", "308", "401"})
_MOST_CHAINS: Final = 100_000
# Metrics that belong to no request, though k6 adds the last one's metadata to them.
_OF_NO_REQUEST: Final = frozenset(
    {"vus", "vus_max", "iterations", "iteration_duration", "dropped_iterations", "data_sent", "data_received"}
    | {"group_duration"}
)


@final
class K6Output:
    """Takes k6's output in chunks and writes ``requests.parquet`` (GENERATED columns) and ``metrics.parquet``.

    Args:
        requests: the file to write requests to.
        metrics: the file to write all other samples to.
    """

    def __init__(self, *, requests: Path, metrics: Path) -> None:
        self._rows = RequestRows(requests)
        self._samples = SampleRows(metrics)
        self._bytes = b""
        self._text = ""
        self._tag_sets: list[Tags] = []
        self._tag_index: dict[str, int] = {}
        self._metrics: dict[str, tuple[str, str]] = {}
        self._open: _OpenRequest | None = None
        self._chains: dict[str, int] = {}
        self._last: dict[int | None, str] = {}
        self._vus: list[tuple[int, float]] = []
        self._crowds = Crowds()

        self.requests = 0
        self.failed = 0
        self.unanswered = 0
        self.iterations = 0
        self.dropped_iterations = 0
        self.active_vus = 0
        self.recent_ms: list[float] = []
        """Durations since somebody last replaced this list."""
        self.scenario_starts: dict[str, int] = {}
        """k6's scenario name -> Unix nanoseconds, to the millisecond."""
        self.alive: dict[tuple[str, int], int] = {}
        """Scenario and VU -> its last sign of life, such as a request that ended. Unix nanoseconds."""
        self.ended: set[tuple[str, int]] = set()
        """Scenario and VU of those that ended an iteration."""

    @property
    def vus(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The ``vus`` gauge: times in Unix nanoseconds, ascending, and values."""
        ordered = sorted(self._vus)
        times = np.array([time for time, _ in ordered], dtype=np.int64)
        return times, np.array([value for _, value in ordered], dtype=np.float64)

    def remarks(self) -> list[str]:
        """What to tell people about the samples: tags that cost k6 a time series for each request."""
        return list(self._crowds.remarks(self.requests))

    def feed(self, chunk: bytes) -> None:
        """Takes the next bytes of the output; they may end anywhere."""
        data = self._bytes + chunk
        end = data.rfind(b"\n") + 1
        self._bytes = data[end:]
        if end:
            self._parse(self._text + data[:end].decode("utf-8", errors="replace"), last=False)

    def close(self) -> None:
        """Takes what is left, and ends both files. A line that k6 didn't end is dropped."""
        self._parse(self._text, last=True)
        self._end_request()
        self._flush(at_least=1)
        self._rows.close()
        self._samples.close()

    def _parse(self, text: str, *, last: bool) -> None:
        position = 0
        self._text = ""
        while position < len(text):
            point = _POINT.match(text, position)
            line_end = text.index("\n", position) + 1
            if point is None:
                self._declaration(text[position:line_end])
                position = line_end
            elif point[1] != _REQUESTS:
                self._point(point, text[point.end() : line_end - 1])
                position = line_end
            elif rest := _rest(text, line_end, point[2], line_end - point.end(3)):
                self._end_request()
                tag_set, metadata = self._labels(text[point.end() : line_end - 1])
                *phases, failed = rest[0]
                self._request(unix_ns(point[2]), tag_set, metadata, tuple(phases), failed != 0)
                position = rest[1]
            elif last or text.count("\n", position) >= _LINES_OF_A_REQUEST:
                self._end_request()
                tag_set, metadata = self._labels(text[point.end() : line_end - 1])
                self._open = _OpenRequest(unix_ns(point[2]), tag_set, metadata)
                position = line_end
            else:
                self._text = text[position:]
                break
        self._flush(at_least=_FLUSH_AT)

    def _point(self, point: re.Match[str], labels: str) -> None:
        metric, time, value = point.groups()
        if self._open is not None:
            if self._open.take(metric, float(value)):
                return
            self._end_request()
        tag_set, metadata = self._labels(labels)
        number = float(value)
        time_ns = unix_ns(time)
        if metric == "vus":
            self._vus.append((time_ns, number))
            self.active_vus = int(number)
        elif metric == "iterations":
            self.iterations += int(number)
        elif metric == "dropped_iterations":
            self.dropped_iterations += int(number)
        elif is_call(metric, self._tag_sets[tag_set]):
            self._call(metric, tag_set, labels, time_ns, number)
        known = _read(metadata) if metric == "iteration_duration" or metric not in _OF_NO_REQUEST else {}
        self._lives(tag_set, _number(known, "vu"), time_ns, ended=metric == "iteration_duration")
        traceparent = "" if metric in _OF_NO_REQUEST else traceparent_of(known.get("k6spec", ""))
        self._samples.add(metric, tag_set, time_ns, number, traceparent)

    def _declaration(self, line: str) -> None:
        data = json.loads(line)
        if data.get("type") == "Metric":
            self._metrics[data["metric"]] = (data["data"]["type"], data["data"]["contains"])

    def _labels(self, text: str) -> tuple[int, str]:
        """The number of the set of tags, and the metadata's text behind its first brace, in
        ``{tags},"metadata":{metadata}}}``.
        """
        tags, found, metadata = text.partition(_METADATA)
        if not found:
            tags = tags[:-2]
        number = self._tag_index.get(tags)
        if number is None:
            number = self._tag_index[tags] = len(self._tag_sets)
            self._tag_sets.append(json.loads(tags) or {})
            self._crowds.see(self._tag_sets[number])
        if _START in metadata:
            milliseconds, _, scenario = _read(metadata)[_START].partition(" ")
            self.scenario_starts.setdefault(scenario, int(milliseconds) * 1_000_000)
        return number, metadata

    def _end_request(self) -> None:
        if self._open is not None:
            opened, self._open = self._open, None
            self._request(opened.end_ns, opened.tag_set, opened.metadata, opened.phases(), opened.failed)

    def _request(
        self,
        end_ns: int,
        tag_set: int,
        metadata: str,
        phases: tuple[float, ...],
        failed: bool | None,
    ) -> None:
        tags = self._tag_sets[tag_set]
        known = _read(metadata)
        vu = _number(known, "vu")
        traceparent, hop, own = self._context(known.get("k6spec", ""), tags, vu)
        iteration = _number(known, "iter")
        self._rows.add(tag_set, end_ns, phases, failed, vu, iteration, traceparent, hop, own)
        self._lives(tag_set, vu, end_ns)
        self.requests += 1
        self.failed += bool(failed)
        self.unanswered += tags.get("status") == "0"
        self.recent_ms.append(phases[0])

    def _lives(self, tag_set: int, vu: int | None, time_ns: int, *, ended: bool = False) -> None:
        scenario = self._tag_sets[tag_set].get("scenario")
        if scenario and vu is not None:
            who = scenario, vu
            self.alive[who] = max(time_ns, self.alive.get(who, 0))
            if ended:
                self.ended.add(who)

    def _call(self, metric: str, tag_set: int, labels: str, time_ns: int, milliseconds: float) -> None:
        """Takes a gRPC call or a WebSocket handshake as a request."""
        key = f"{metric} {tag_set}"
        number = self._tag_index.get(key)
        if number is None:
            number = self._tag_index[key] = len(self._tag_sets)
            self._tag_sets.append(as_request(metric, self._tag_sets[tag_set]))
        end_ns = time_ns if metric == GRPC else time_ns + round(milliseconds * 1e6)
        phases = (milliseconds, 0.0, 0.0, 0.0, 0.0, milliseconds, 0.0)
        metadata = labels.partition(_METADATA)[2]
        self._request(end_ns, number, metadata, phases, "error" in self._tag_sets[number])

    def _context(self, text: str, tags: Tags, vu: int | None) -> tuple[str, int, Own | None]:
        """A request's own traceparent (empty if it was sent without), its place in a redirect chain, and what of
        its context the script chose.
        """
        traceparent, own = carried(text, tags)
        if not traceparent:
            return "", 0, own
        hop = self._chains.pop(traceparent, 0) if self._chains else 0
        if tags.get("status") in _FOLLOWED:
            self._chains[traceparent] = hop + 1
            if len(self._chains) > _MOST_CHAINS:
                del self._chains[next(iter(self._chains))]
        # What sends requests past the runtime (an extension of k6, say) sends them without context of their own,
        # but with the metadata of the request before.
        repeated = hop == 0 and self._last.get(vu) == traceparent
        if repeated and FROM_SCRIPT not in traceparent[UNMARKED:]:
            return "", 0, None
        self._last[vu] = traceparent
        return traceparent, hop, own

    def _flush(self, *, at_least: int) -> None:
        full = len(self._tag_sets) > _MOST_TAG_SETS and self._open is None
        self._rows.flush(self._tag_sets, at_least=1 if full else at_least)
        self._samples.flush(self._tag_sets, self._metrics, at_least=1 if full else at_least)
        if full:
            self._tag_sets = []
            self._tag_index = {}


class _OpenRequest:
    """A request whose samples come one by one: the usual way is one regular expression over all of them."""

    def __init__(self, end_ns: int, tag_set: int, metadata: str) -> None:
        self.end_ns = end_ns
        self.tag_set = tag_set
        self.metadata = metadata
        self.failed: bool | None = None  # stays None where the script has turned the response callback off
        self._phases: dict[str, float] = {}

    def take(self, metric: str, value: float) -> bool:
        """Takes a sample if it is of this request."""
        if metric == _FAILED:
            self.failed = value != 0
            return True
        if metric not in _PHASES or metric in self._phases:
            return False
        self._phases[metric] = value
        return True

    def phases(self) -> tuple[float, ...]:
        return tuple(self._phases.get(name, 0.0) for name in _PHASES)


def _rest(text: str, position: int, time: str, after_value: int) -> tuple[list[float], int] | None:
    """The other eight values of a request, and where they end; None if they aren't there in k6's usual form.

    ``after_value``: the length of a line after its value, the same in all nine. So nothing need be searched:
    regular expressions take five times as long.
    """
    marked = f'{time}","value":'
    values = []
    for head in _REST:
        marked_at = position + len(head)
        if not (text.startswith(head, position) and text.startswith(marked, marked_at)):
            return None
        value_at = marked_at + len(marked)
        value_end = text.find(",", value_at)
        position = value_end + after_value
        if value_end < 0 or text[position - 1 : position] != "\n":
            return None
        values.append(float(text[value_at:value_end]))
    return values, position


def _read(metadata: str) -> dict[str, str]:
    """Reads the JSON object that began before a text."""
    return _JSON.raw_decode("{" + metadata)[0] if metadata else {}


def _number(metadata: dict[str, str], name: str) -> int | None:
    """A number of k6's own; None where there is none, or a script has put something else there."""
    value = metadata.get(name, "")
    return int(value) if value.isdecimal() else None


def unix_ns(text: str) -> int:
    """Unix nanoseconds of an RFC 3339 time with up to nine decimals and any offset, exactly."""
    if text.endswith("Z"):
        return _seconds(text[:19]) * 10**9 + int(text[20:-1].ljust(9, "0"))
    offset = (int(text[-5:-3]) * 3600 + int(text[-2:]) * 60) * (-1 if text[-6] == "-" else 1)
    return (_seconds(text[:19]) - offset) * 10**9 + int(text[20:-6].ljust(9, "0"))


@lru_cache(maxsize=64)
def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text + "+00:00").timestamp())
