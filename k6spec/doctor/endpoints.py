"""What the settings say exists already: the system under test, and where spans are read back from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import httpx

from k6spec.collect.access import Access, is_loopback, read_access
from k6spec.collect.redact_text import shown_address
from k6spec.collect.sources.registry import make_source
from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding
from k6spec.doctor.skew import Skew, clock_of, http_skew, stopwatch
from k6spec.errors import ConfigError, StackFault
from k6spec.options import Options

_SECONDS: Final = 3.0


def system_under_test(case: Case) -> Iterator[Finding]:
    """Whether ``base_url`` answers, whatever it answers, and its clock."""
    topic = "system under test"
    url = case.config.base_url
    if url is None:
        yield Finding(topic=topic, status="not needed", seen="base_url is not set; specs say where it is")
        return
    shown = shown_address(url)
    with httpx.Client(trust_env=not is_loopback(url), timeout=_SECONDS) as client:
        try:
            with stopwatch() as watch:
                response = client.get(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            yield _unreachable(topic, shown, error)
            return
    yield Finding(topic=topic, status="ok", seen=f"{shown} answers, with status {response.status_code}")
    yield clock_of("the system under test", http_skew(response, watch))


def source(case: Case) -> Iterator[Finding]:
    """Whether the trace source answers, and its clock."""
    table = case.config.source
    if not table:
        yield Finding(topic="trace source", status="not needed", seen="[tool.k6spec.source] is not set")
        return
    lacking = case.lacking("external")
    try:
        made = make_source(table, root=case.config.root, environ=case.environ)
    except ConfigError as error:
        yield Finding(topic="trace source", status=lacking, seen=str(error), advice="correct [tool.k6spec.source]")
        return
    try:
        made.check()
    except StackFault as fault:
        yield Finding(topic="trace source", status=lacking, seen=fault.cause, advice=fault.advice)
        return
    finally:
        made.close()
    yield Finding(topic="trace source", status="ok", seen=f"{made.name} at {made.address} answers")
    if urlsplit(made.address).scheme in {"http", "https"}:
        access = read_access(Options(table, where="[tool.k6spec.source]", environ=case.environ), case.config.root)
        yield clock_of("the trace source", _skew(access))


def _skew(access: Access) -> Skew | None:
    with access.client() as client, suppress(httpx.HTTPError):
        with stopwatch() as watch:
            response = client.get("/")
        return http_skew(response, watch)
    return None


def _unreachable(topic: str, shown: str, error: Exception) -> Finding:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Finding(
            topic=topic,
            status="warning",
            seen=f"the certificate of {shown} is not trusted: {error}",
            advice="trust its authority on this host, as k6 must, or set insecureSkipTLSVerify in the script",
        )
    return Finding(
        topic=topic,
        status="problem",
        seen=f"{shown} does not answer: {str(error) or type(error).__name__}",
        advice="start it, or correct base_url in [tool.k6spec]",
    )
