"""A load in words, from ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def described_load(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each scenario with its profile in words: ``shop``, ``ramping-vus: ramp 2s → 50, peak 8s → 50``."""
    return [
        (str(name), _profile(part.get("profile", {})))
        for name, part in info["profile"].get("scenarios", {}).items()
    ]


def _profile(profile: Mapping[str, Any]) -> str:
    stages = profile.get("stages") or ()
    words = [
        f"{stage['name']} {stage['duration']} → {stage['target']}"
        if stage.get("name")
        else f"{stage['duration']} → {stage['target']}"
        for stage in stages
    ]
    words += [
        f"{name.replace('_', ' ')} {profile[name]}"
        for name in ("vus", "iterations", "rate", "time_unit", "duration", "max_duration")
        if name in profile
    ]
    if profile.get("warmup", "0s") not in {"0s", "0 ms"}:
        words.append(f"warm-up {profile['warmup']}")
    return f"{profile.get('executor', 'load')}: {', '.join(words)}" if words else str(profile.get("executor", ""))
