"""What was run, where and with what; what came back of it; and what is to be said of the measurement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from k6spec.report.html.page import text
from k6spec.report.load_words import described_load


def about_section(info: Mapping[str, Any], remarks: Sequence[str]) -> str:
    """Lists of names and values from ``run.json``."""
    groups = {
        "Evidence": _ledger(info),
        "Load": _load(info),
        "Environment": _environment(info),
        "Time taken": _timings(info),
    }
    said = "".join(f"<li>{text(remark)}</li>" for remark in remarks)
    parts = [f'<ul class="remarks">{said}</ul>' if said else ""]
    for head, pairs in groups.items():
        listed = "".join(
            f"<div><dt>{escape(name)}</dt><dd><bdi>{text(value)}</bdi></dd></div>" for name, value in pairs
        )
        if listed:
            parts.append(f'<div class="group"><h3>{head}</h3><dl class="list">{listed}</dl></div>')
    return f'<div class="groups">{"".join(parts[1:])}</div>{parts[0]}'


def _ledger(info: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    tiers = {
        "stream": "stream: every span came by us",
        "by-id": "by id: read back from a backend for known trace ids",
        "sampled": "sampled: a part of the traces only",
    }
    for name, value in info.get("ledger", {}).items():
        if name == "tier":
            yield "Tier", tiers.get(value, str(value))
        else:
            yield name.replace("_", " ").capitalize(), f"{value:,}"
    health = info.get("health", {})
    for name in ("iterations", "dropped_iterations", "script_errors"):
        if name in health:
            yield name.replace("_", " ").capitalize(), f"{health[name]:,}"


def _load(info: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from described_load(info)
    profile = info["profile"]
    if "sampling" in profile:
        yield "Sampling", f"{profile['sampling']:.0%}"
    if profile.get("control"):
        yield "Control share", f"{profile['control']:.0%}"
    if info.get("fixtures"):
        yield "Fixtures", ", ".join(info["fixtures"])
    if info.get("fingerprint"):
        yield "Fingerprint", str(info["fingerprint"])
    if info.get("previous_run"):
        yield "Run before", str(info["previous_run"])


def _environment(info: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    environment = info.get("environment", {})
    if environment.get("name"):
        yield "Environment", str(environment["name"])
    for what, values in environment.get("overrides", {}).items():
        if values:
            yield f"Overridden {what}", ", ".join(f"{name} = {value}" for name, value in values.items())
    yield "Base URL", str(environment.get("base_url", ""))
    for name, value in info.get("sut", {}).items():
        yield f"System: {name}", str(value)
    stack = info.get("stack", {})
    yield "Stack", str(stack.get("name", ""))
    for name in ("host", "platform"):
        if environment.get(name):
            yield name.capitalize(), str(environment[name])
    for name, value in info.get("versions", {}).items():
        yield name.replace("python", "Python"), str(value)


def _timings(info: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for step, seconds in info.get("timings", {}).items():
        yield step.capitalize(), f"{seconds:,.1f} s"
