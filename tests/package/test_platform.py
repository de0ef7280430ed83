"""Where k6spec does not run it says so."""

from __future__ import annotations

import platform

import pytest

from k6spec.errors import UsageError, check_platform


def test_windows_is_refused_in_words_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    with pytest.raises(UsageError, match="use WSL 2"):
        check_platform()


def test_this_platform_is_fine() -> None:
    check_platform()
