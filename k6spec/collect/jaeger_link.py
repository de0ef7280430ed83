"""Links to Jaeger's UI, and whether they lead anywhere."""

from __future__ import annotations

from typing import Final

from k6spec.collect.plain_http import UNANSWERED, ask

_PROBE_SECONDS: Final = 2.0


def jaeger_link(ui: str, trace_id: str, span_id: str | None = None) -> str:
    """The page of a trace in Jaeger's UI at ``ui``; the search for the span's id puts it in focus."""
    return f"{ui}/trace/{trace_id}" + (f"?uiFind={span_id}" if span_id else "")


def leads_somewhere(link: str) -> bool:
    """Whether Jaeger has the trace of a link: it keeps the newest only, and not what comes too fast for it."""
    api = link.partition("?")[0].replace("/trace/", "/api/traces/")
    try:
        return ask(api, timeout=_PROBE_SECONDS).is_success
    except UNANSWERED:
        return False
