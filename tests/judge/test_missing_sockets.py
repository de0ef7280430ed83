"""What a WebSocket's lost trace may hide: its server works on after the handshake, for as long as it is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec import ms
from k6spec.errors import Inconclusive
from tests.support.runs import BEGIN, MS, Request, db, entry, run_of

SEEN = Request(name="ws://x/feed", ms=3, protocol="websocket", spans=[entry("feed", ms=9000), db(ms=50)])
ENDED = {"metric": "iterations", "time_ns": BEGIN + 20_000 * MS, "value": 1.0}


@pytest.mark.parametrize("lost", [{}, {"traced": False}], ids=["lost", "without context"])
@pytest.mark.parametrize("protocol", ["http", "websocket"])
def test_a_lost_socket_may_hide_spans_longer_than_its_handshake(
    tmp_path: Path, protocol: str, lost: dict[str, bool]
) -> None:
    gone = Request(name="ws://x/feed", ms=3, protocol=protocol, **lost)
    run = run_of(tmp_path, [SEEN, SEEN, gone], samples=[ENDED])
    claim = run.spans.db().duration.max <= ms(200)
    if protocol == "http":
        assert claim
    else:
        with pytest.raises(Inconclusive, match="missing"):
            bool(claim)


@pytest.mark.parametrize("protocol", ["http", "websocket"])
def test_so_may_spans_that_were_dropped(tmp_path: Path, protocol: str) -> None:
    seen = Request(name="ws://x/feed", ms=60, protocol=protocol, spans=SEEN.spans)
    run = run_of(tmp_path, [seen, seen], samples=[ENDED], spans_dropped=1)
    claim = run.spans.db().duration.max <= ms(200)
    if protocol == "http":
        assert claim
    else:
        with pytest.raises(Inconclusive):
            bool(claim)
