"""Requests that were made without trace context: nothing of what they did can be found."""

from __future__ import annotations

from k6spec.query.database import Database

_HOSTS = r"""
SELECT coalesce(nullif(regexp_extract(url, '^[a-z]+://(?:[^/@]*@)?([^/?#]+)', 1), ''), url) AS host, count(*)
FROM requests GROUP BY host ORDER BY count(*) DESC, host LIMIT 3
"""


def without_context(database: Database) -> str | None:
    """Says so where no request of a run had a trace context, with the hosts that they went to."""
    asked, traced = database.rows("SELECT count(*), count(trace_id) FROM requests")[0]
    if traced or not asked:
        return None
    hosts = ", ".join(host for host, _count in database.rows(_HOSTS))
    return (
        f"none of {asked:,} requests had a trace context, which is sent to the system under test only"
        f"{_address(database)}: they went to {hosts}. Let the script request __ENV.BASE_URL, or name the host in "
        "k6spec.load(..., propagate_to=[...])"
    )


def _address(database: Database) -> str:
    return f" ({database.base_url})" if database.base_url else ""
