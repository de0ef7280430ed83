"""Where the loads of a machine wait for one another."""

from __future__ import annotations

from pathlib import Path

from k6spec.pipeline import load_lock


def test_sessions_with_temporary_folders_of_their_own_share_the_lock(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("K6SPEC_LOAD_LOCK", raising=False)
    before = load_lock()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert load_lock() == before


def test_a_file_can_be_named(monkeypatch) -> None:
    monkeypatch.setenv("K6SPEC_LOAD_LOCK", "/srv/loads.lock")
    assert load_lock() == Path("/srv/loads.lock")
