"""Self time: how long a span lasted while none of its children did."""

from __future__ import annotations

from typing import Final

_PROCESS: Final = "s.service, s.resource['service.instance.id'] AS instance, s.resource['host.name'] AS host"


def self_times(members: str) -> str:
    """SQL for the members (a condition on ``s``) with ``self_ns`` beside what messages need.

    Children count once where they overlap, and only as far as they lie within the span. A child of another service
    or host has another clock: of it only the length is taken, moved as little as needed to lie within the span.
    """
    return f"""
        WITH member AS (
            SELECT row_number() OVER () AS row, s.trace_id, s.span_id, s.name, s.kind, s.status, s.db_statement,
                   s.start_ns, s.duration_ns, s.start_ns + s.duration_ns AS end_ns, {_PROCESS}
            FROM spans s WHERE {members}),
        child AS (
            SELECT m.row, m.start_ns AS low, m.end_ns AS high, k.duration_ns,
                   CASE WHEN k.service IS NOT DISTINCT FROM m.service
                         AND k.resource['service.instance.id'] IS NOT DISTINCT FROM m.instance
                         AND k.resource['host.name'] IS NOT DISTINCT FROM m.host
                        THEN k.start_ns
                        ELSE greatest(m.start_ns, least(k.start_ns, m.end_ns - k.duration_ns)) END AS begin
            FROM member m JOIN spans k ON k.trace_id = m.trace_id AND k.parent_span_id = m.span_id),
        piece AS (
            SELECT row, greatest(begin, low) AS begin, least(begin + duration_ns, high) AS finish FROM child
            WHERE begin < high AND begin + duration_ns > low),
        swept AS (
            SELECT row, begin, finish, max(finish) OVER (PARTITION BY row ORDER BY begin, finish
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered FROM piece),
        busy AS (
            SELECT row, sum(greatest(0, finish - greatest(begin, coalesce(covered, begin)))) AS ns
            FROM swept GROUP BY row)
        SELECT m.*, (m.duration_ns - coalesce(b.ns, 0))::BIGINT AS self_ns
        FROM member m LEFT JOIN busy b USING (row)"""
