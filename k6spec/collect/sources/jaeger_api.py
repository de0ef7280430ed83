"""What the ways to ask Jaeger for a trace have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

from k6spec.collect.sources.base import WantedTraces
from k6spec.collect.sources.by_id import Answer

_CUT: Final = re.compile(r"more than \d+ spans|truncated|maximum allowed size")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JaegerApi:
    """An API of Jaeger.

    Attributes:
        path: the trace's id comes after it.
        parameters: of a request.
        read: the body of an answer; raises ValueError, KeyError, TypeError or AttributeError if it is none.
        is_error: whether this JSON is how the API says that a request failed, or that a trace is not there.
    """

    path: str
    parameters: Callable[[WantedTraces], dict[str, str]]
    read: Callable[[str], Answer]
    is_error: Callable[[Any], bool]


def says_cut(words: str) -> bool:
    """Whether a warning of Jaeger's says that not all spans of the trace were given (``max_trace_size``)."""
    return _CUT.search(words) is not None
