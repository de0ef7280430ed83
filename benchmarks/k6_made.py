"""A k6 that makes nothing but output: JSON lines of a load of iterations of one request and one check each.

``python -m benchmarks.k6_made REQUESTS --out=json=FILE …`` takes k6's other arguments and leaves them alone.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

RATE: Final = 2_000
"""Requests a second of the load that is made up."""

SCENARIO: Final = "default"

_ORIGIN: Final = int(datetime(2026, 11, 22, 18, 30, tzinfo=UTC).timestamp())
_OPERATIONS: Final = 20
_VUS: Final = 100
_BLOCK: Final = 200  # iterations, each with values of its own, that come again with other ids and times
_PHASES: Final = ("duration", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving")
_TYPES: Final = {
    "http_reqs": ("counter", "default"),
    **{f"http_req_{phase}": ("trend", "time") for phase in _PHASES},
    "http_req_failed": ("rate", "default"),
    "checks": ("rate", "default"),
    "data_sent": ("counter", "data"),
    "data_received": ("counter", "data"),
    "iteration_duration": ("trend", "time"),
    "iterations": ("counter", "default"),
    "vus": ("gauge", "default"),
}


def made_output(requests: int) -> Iterator[bytes]:
    """The output of so many requests, a block at a time."""
    chance = random.Random(1)
    iterations = [_iteration(chance, number % _VUS + 1) for number in range(_BLOCK)]
    yield "".join(_declaration(name) for name in _TYPES).encode()
    for first in range(0, requests, _BLOCK):
        count = min(_BLOCK, requests - first)
        ids = os.urandom(16 * count).hex()
        lines = [
            iterations[number]
            % {
                "time": _time(first + number),
                "iter": (first + number) // _VUS,
                "trace": ids[32 * number : 32 * number + 32],
                "span": ids[32 * number + 16 : 32 * number + 32],
                "start": f'"k6spec_start":"{_ORIGIN}000 {SCENARIO}",' if first == 0 else "",
            }
            for number in range(count)
        ]
        if first % RATE == 0:
            lines.append(_line("vus", _VUS, "{}", "") % {"time": _time(first)})
        yield "".join(lines).encode()


def _iteration(chance: random.Random, vu: int) -> str:
    """The lines of an iteration, to be filled in."""
    url = f"http://127.0.0.1:8000/products/{chance.randrange(_OPERATIONS)}"
    tags = (
        f'{{"expected_response":"true","group":"","method":"GET","name":"{url}","proto":"HTTP/1.1",'
        f'"scenario":"{SCENARIO}","status":"200","url":"{url}"}}'
    )
    pairs = ['"k6spec":"00-%(trace)s-%(span)s-03"', f'"vu":"{vu}"', '"iter":"%(iter)d"']
    waiting = chance.lognormvariate(1.5, 0.7)
    sending, receiving, blocked = (chance.lognormvariate(-4, 0.5) for _ in range(3))
    values = (sending + waiting + receiving, blocked, 0, 0, sending, waiting, receiving)

    def sample(metric: str, value: float, labels: str) -> str:
        chance.shuffle(pairs)  # k6 writes metadata in any order
        return _line(metric, value, labels, f',"metadata":{{%(start)s{",".join(pairs)}}}')

    scenario = f'{{"group":"","scenario":"{SCENARIO}"}}'
    return "".join(
        [
            sample("http_reqs", 1, tags),
            *(sample(f"http_req_{name}", value, tags) for name, value in zip(_PHASES, values, strict=True)),
            sample("http_req_failed", 0, tags),
            sample("checks", 1, f'{{"check":"is 200","group":"","scenario":"{SCENARIO}"}}'),
            sample("data_sent", 240, scenario),
            sample("data_received", 512, scenario),
            sample("iteration_duration", values[0] + 0.2, scenario),
            sample("iterations", 1, scenario),
        ]
    )


def _line(metric: str, value: float, tags: str, metadata: str) -> str:
    return (
        f'{{"metric":"{metric}","type":"Point","data":{{"time":"%(time)s","value":{round(value, 6):g},'
        f'"tags":{tags}{metadata}}}}}\n'
    )


def _time(number: int) -> str:
    """RFC 3339 with nanoseconds, as Go writes it: without zeros at the end."""
    seconds, ns = divmod(number * (10**9 // RATE) + 137 * (number % 1000), 10**9)
    whole = datetime.fromtimestamp(_ORIGIN + seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{ns:09}".rstrip("0").rstrip(".") + "Z"


def _declaration(name: str) -> str:
    kind, contains = _TYPES[name]
    return (
        f'{{"type":"Metric","data":{{"name":"{name}","type":"{kind}","contains":"{contains}","thresholds":[],'
        f'"submetrics":null}},"metric":"{name}"}}\n'
    )


def main() -> None:
    """Writes the output of so many requests, and a summary without metrics."""
    options = dict(text.rsplit("=", 1) for text in sys.argv if "=" in text)
    Path(options["--summary-export"]).write_text('{"metrics": {}}', encoding="utf-8")
    with Path(options["--out=json"]).open("wb") as file:
        for block in made_output(int(sys.argv[1])):
            file.write(block)


if __name__ == "__main__":
    main()
