"""The steps of a flow, as they were declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from k6spec.declare.flow.answers import Check, Source
from k6spec.declare.flow.auth import Auth
from k6spec.declare.flow.bodies import Body
from k6spec.units import Duration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request of a flow.

    ``expect`` holds the statuses that count as success; ``extract`` maps names to where their values are in the
    answer, ``check`` maps labels to k6 checks.
    """

    method: str
    path: str
    name: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Auth | None = field(default=None, repr=False)
    body: Body | None = None
    expect: tuple[int, ...] = ()
    extract: Mapping[str, Source] = field(default_factory=dict)
    check: Mapping[str, Check] = field(default_factory=dict)
    timeout: Duration | None = None
    redirects: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Any time between ``least`` and ``most``, each as likely; always the same where they are equal."""

    least: Duration
    most: Duration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """Normally distributed times; those that would be negative are zero."""

    mean: Duration
    deviation: Duration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """Exponentially distributed times, as between the events of a Poisson process."""

    mean: Duration


Distribution = Uniform | Normal | Exponential
"""How long a think time is."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """Think time."""

    time: Distribution


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Waits until the iteration has lasted for ``interval``."""

    interval: Duration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Steps of one k6 group."""

    name: str
    steps: tuple[Step, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Steps to do several times."""

    times: int
    steps: tuple[Step, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Steps of a choice, with their share in it."""

    weight: float
    steps: tuple[Step, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """One of several branches, at random."""

    branches: tuple[Branch, ...]


Step = Request | Think | Pace | Group | Repeat | Choose
"""A step of a flow."""
