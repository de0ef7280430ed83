"""k6spec's own receiver, started for real."""

import tempfile

from k6spec.doctor.receiver import receiver


def test_spans_come_back(case):
    (found,) = receiver(case("embedded"))
    assert found.status == "ok"
    assert "came back" in found.seen


def test_a_proxy_that_would_swallow_spans_is_told(case, monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (found,) = receiver(case("embedded"))
    assert found.status == "warning"
    assert "by gRPC" in found.seen
    assert "by HTTP" in found.seen
    assert "no_proxy=127.0.0.1" in found.advice


def test_a_receiver_that_cannot_start_hinders_the_stacks_that_have_one(case, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert [finding.status for finding in receiver(case("embedded"))] == ["problem"]
    assert [finding.status for finding in receiver(case("docker"))] == ["warning"]
