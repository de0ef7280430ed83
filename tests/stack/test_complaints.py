from __future__ import annotations

import pytest

from k6spec.stack.complaints import about_instrumentation, about_telemetry


@pytest.mark.parametrize(
    "line",
    [
        "JDK tool detected, agent will not be started. To override this, set otel.javaagent.enabled=true",
        '2026/11/28 20:43:06 traces export: Post "http://127.0.0.1:41011/v1/traces": malformed HTTP response',
        "Transient error StatusCode.UNAVAILABLE encountered while exporting traces to 127.0.0.1:4317",
        "Failed to export spans. The request could not be executed.",
        "ModuleNotFoundError: No module named 'opentelemetry.exporter'",
    ],
)
def test_a_line_in_which_an_sdk_complains_is_found_among_others(line: str) -> None:
    log = f"listening on 8080\n{line}\nGET /products 200\nhotel rooms: 3"

    assert about_telemetry(log) == [line]


@pytest.mark.timeout(20)
def test_a_long_line_is_read_once() -> None:
    assert about_instrumentation("x" * 5_000_000) == []


def test_of_lines_that_are_alike_the_last_is_told_and_three_at_most() -> None:
    repeated = [f"2026-11-28T20:43:0{second} otlp: no connection" for second in range(5)]
    log = "\n".join([*repeated, *(f"otlp: {kind}" for kind in ("refused", "dropped", "closed"))])

    assert about_telemetry(log) == ["otlp: refused", "otlp: dropped", "otlp: closed"]
    assert about_telemetry("\n".join(repeated)) == repeated[-1:]


def test_a_line_as_long_as_a_page_is_cut() -> None:
    assert len(about_telemetry("otlp " + "x" * 4000)[0]) < 300


@pytest.mark.parametrize(
    "line",
    [
        'sqlalchemy only instruments "sqlalchemy<2.1.0", but currently installed version ("sqlalchemy 2.1.9") '
        "falls outside of that range, so nothing can be instrumented.",
        "Skipping instrumentation psycopg: DependencyConflict: requested: psycopg >= 3.1.0 but found: None",
    ],
)
def test_a_library_that_could_not_be_instrumented_is_found_among_others(line: str) -> None:
    log = f"instruments in stock: 3\n{line}\nImport failed\nGET /instruments 200"

    assert about_instrumentation(log) == [line]
