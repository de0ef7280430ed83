"""How trace context is sent: the formats, baggage, the control share, and what one trace is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast, get_args
from urllib.parse import quote

from k6spec.declare.location import reject
from k6spec.units import Ratio

Propagator = Literal["w3c", "b3", "b3multi", "jaeger"]
"""A format of trace context: W3C Trace Context, B3 in one header or in several, or Jaeger's own."""

TracePer = Literal["request", "iteration", "group"]
"""What one trace is of."""

_PROPAGATORS: Final = get_args(Propagator)
_TRACE_PER: Final = get_args(TracePer)
# W3C Baggage: a key is an RFC 9110 token.
_KEY: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MOST_ENTRIES: Final = 180
_MOST_BYTES: Final = 8192
_MOST_CONTROL: Final = 0.5


def propagators_of(value: str | Sequence[str] | None) -> tuple[Propagator, ...]:
    """The declared formats; none where nothing is declared."""
    if value is None:
        return ()
    listed = (value,) if isinstance(value, str) else tuple(value)
    if not listed:
        reject(f"propagator={value!r}: name at least one of {', '.join(_PROPAGATORS)}")
    for name in listed:
        if name not in _PROPAGATORS:
            reject(f"propagator={name!r}: write one of {', '.join(_PROPAGATORS)}, or a tuple of them")
    return cast("tuple[Propagator, ...]", tuple(dict.fromkeys(listed)))


def baggage_of(value: Mapping[str, str] | None) -> dict[str, str]:
    """Baggage entries with their values percent-encoded; "+" too, which OpenTelemetry for Python reads as a space.

    Source: W3C Baggage; 180 entries and 8192 bytes are what OpenTelemetry's SDKs read.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        reject(f'baggage={value!r}: write a mapping, as in baggage={{"tenant": "load-test"}}')
    entries = {}
    for key, text in value.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            reject(f"baggage={{{key!r}: …}}: a key takes letters, digits and !#$%&'*+.^_`|~- only")
        if not isinstance(text, str):
            reject(f"baggage={{{key!r}: {text!r}}}: write the value as text")
        entries[key] = quote(text, safe="!#$&'()*-./:<=>?@[]^_`{|}~")
    size = len(",".join(f"{key}={text}" for key, text in entries.items()))
    if len(entries) > _MOST_ENTRIES or size > _MOST_BYTES:
        reject(
            f"baggage has {len(entries)} entries of {size:,} bytes; "
            f"SDKs read at most {_MOST_ENTRIES} of {_MOST_BYTES:,} bytes"
        )
    return entries


def control_of(value: Ratio) -> Ratio:
    """The declared control share."""
    if not isinstance(value, Ratio):
        reject(f"control={value!r}: write percent(5)")
    if value.fraction > _MOST_CONTROL:
        reject(f"control={value}: give at most percent(50), for only the other requests are judged")
    return value


def trace_per_of(value: str) -> TracePer:
    """What the declaration takes one trace to be."""
    if value not in _TRACE_PER:
        reject(f"trace_per={value!r}: write one of {', '.join(_TRACE_PER)}")
    return cast("TracePer", value)
