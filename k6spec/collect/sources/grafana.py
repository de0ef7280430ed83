"""Links to traces in Grafana's Explore.

Source: the link that grafana/traces-drilldown makes (``SpanListScene.tsx``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, final
from urllib.parse import quote, urlsplit, urlunsplit

from k6spec.collect.access import checked_url
from k6spec.options import Options


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Explore:
    """Where Grafana is, and what it calls the backend.

    Attributes:
        base: Grafana's URL, without a trailing slash.
        datasource: the uid of the Tempo data source.
        org: the number of the organisation.
    """

    base: str
    datasource: str
    org: int = 1

    def url(self, trace_id: str, span_id: str | None, range_ns: tuple[int, int] | None) -> str:
        """The trace's link.

        Args:
            range_ns: the time in which the trace lies (Unix time), where it is known. Grafana uses it only if the
                data source is told to; without, the link covers the day before it is opened.
        """
        times = ("now-24h", "now") if range_ns is None else _milliseconds(*range_ns)
        source = {"type": "tempo", "uid": self.datasource}
        pane: dict[str, Any] = {
            "datasource": self.datasource,
            "queries": [{"refId": "A", "datasource": source, "queryType": "traceql", "query": trace_id}],
            "range": {"from": times[0], "to": times[1]},
        }
        if span_id is not None:
            pane["panelsState"] = {"trace": {"spanId": span_id}}
        panes = quote(json.dumps({"x": pane}, separators=(",", ":")), safe="")
        return f"{self.base}/explore?schemaVersion=1&orgId={self.org}&panes={panes}"


def read_explore(options: Options) -> Explore | None:
    """What ``grafana``, ``datasource`` and ``org`` say; None if the first two are both absent.

    Raises:
        ConfigError: one of them is missing or wrong.
    """
    named = options.text("grafana") is not None or options.text("datasource") is not None
    org = options.number("org", 1, lowest=1)
    if not named:
        return None
    hint = "write an address with scheme, as in https://grafana.example"
    parts = urlsplit(checked_url(options, "grafana", options.required("grafana"), hint))
    url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return Explore(base=url, datasource=options.required("datasource"), org=org)


def _milliseconds(begin_ns: int, end_ns: int) -> tuple[str, str]:
    return str(begin_ns // 10**6), str(-(-end_ns // 10**6))
