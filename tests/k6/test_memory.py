"""How k6's garbage collector is set."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k6spec.k6.memory import collector_settings


def test_seldom_within_half_of_the_memory() -> None:
    settings = collector_settings({})
    assert settings["GOGC"] == "400"
    assert re.fullmatch(r"\d{8,}B", settings["GOMEMLIMIT"])


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlimited, limited = tmp_path / "unlimited", tmp_path / "limited"
    unlimited.write_text("max\n")
    limited.write_text("104857600\n")
    monkeypatch.setattr("k6spec.k6.memory._CGROUP_LIMITS", (tmp_path / "none", unlimited, limited))
    assert collector_settings({})["GOMEMLIMIT"] == "52428800B"


@pytest.mark.parametrize("name", ["GOGC", "GOMEMLIMIT"])
def test_the_users_own_setting_stays_alone(name: str) -> None:
    assert collector_settings({name: "50"}) == {}
