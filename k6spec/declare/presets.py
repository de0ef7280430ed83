"""Load profiles in the words of the field: smoke, load, stress, spike, soak, breakpoint.

::

    from k6spec import presets

    pytestmark = k6spec.load(checkout, presets.load(rate=50))

Each takes ``rate=`` or ``vus=``, and that is a choice between two models of who sends the load:

- ``rate=`` is the **open model**: iterations start at that rate however slow the system is, as the users of a
  public site do, who don't know of one another. A stall meets all the requests that fall into it, so latencies
  mean what users feel. Choose it for claims about latency, unless you know better.
- ``vus=`` is the **closed model**: so many users, each of which waits for its answer before it goes on, as a pool
  of workers or the desks of an office do. A slow system is asked less often: its stalls hardly show in the
  percentiles (coordinated omission). Choose it where the number of users is what is bounded.

All are k6's own executors, with stages that ``during(stage="hold")`` selects; shapes and lengths are those of k6's
test types, and every one can be set.
"""

from __future__ import annotations

from typing import Final, Unpack

from k6spec.declare.location import reject
from k6spec.declare.profile import (
    ConstantArrivalRate,
    ConstantVUs,
    RampingArrivalRate,
    RampingVUs,
    Stage,
)
from k6spec.declare.profiles import (
    Common,
    constant_arrival_rate,
    constant_vus,
    ramping_arrival_rate,
    ramping_vus,
    stage,
)
from k6spec.declare.stopping import stop_when
from k6spec.units import Duration, percent

_BROKEN: Final = stop_when(failed=percent(5))

Ramping = RampingArrivalRate | RampingVUs
"""A profile with stages, in the open or in the closed model."""


def smoke(
    *,
    rate: int | None = None,
    vus: int | None = None,
    duration: str | Duration = "30s",
    **common: Unpack[Common],
) -> ConstantArrivalRate | ConstantVUs:
    """Does it work at all: next to no load. By default 2 VUs, for 30 s.

    Args:
        rate: iterations a second (open model).
        vus: virtual users (closed model).
        duration: how long.
        common: see :class:`~k6spec.declare.profiles.Common`.
    """
    if rate is None:
        return constant_vus(2 if vus is None else vus, duration, **common)
    return constant_arrival_rate(_level("smoke", rate, vus), duration, **common)


def load(
    *,
    rate: int | None = None,
    vus: int | None = None,
    ramp: str | Duration = "1m",
    hold: str | Duration = "5m",
    max_vus: int | None = None,
    **common: Unpack[Common],
) -> Ramping:
    """How it does under its usual load: up to it, hold it, down again.

    Args:
        rate: iterations a second (open model).
        vus: virtual users (closed model).
        ramp: how long the way up takes (stage ``ramp up``), and the way down (``ramp down``).
        hold: how long the load is held (stage ``hold``).
        max_vus: the most VUs that k6 may start to keep the rate up.
        common: see :class:`~k6spec.declare.profiles.Common`.
    """
    return _plateau("load", rate, vus, ramp, hold, max_vus, common)


def stress(
    *,
    rate: int | None = None,
    vus: int | None = None,
    ramp: str | Duration = "2m",
    hold: str | Duration = "5m",
    max_vus: int | None = None,
    **common: Unpack[Common],
) -> Ramping:
    """How it does under half as much again as its usual load, or more: as :func:`load`, with other times."""
    return _plateau("stress", rate, vus, ramp, hold, max_vus, common)


def soak(
    *,
    rate: int | None = None,
    vus: int | None = None,
    ramp: str | Duration = "5m",
    hold: str | Duration = "2h",
    max_vus: int | None = None,
    **common: Unpack[Common],
) -> Ramping:
    """Whether it lasts: as :func:`load`, for hours. Leaks and filling disks show in ``between(...)``."""
    return _plateau("soak", rate, vus, ramp, hold, max_vus, common)


def spike(
    *,
    rate: int | None = None,
    vus: int | None = None,
    ramp: str | Duration = "30s",
    down: str | Duration = "30s",
    recovery: str | Duration = "1m",
    max_vus: int | None = None,
    **common: Unpack[Common],
) -> Ramping:
    """Whether it survives a rush, and recovers: straight up, straight down, then a twentieth of it for a while.

    Args:
        rate: iterations a second at the top (open model, which is what a rush is: nobody waits for anybody).
        vus: virtual users at the top (closed model).
        ramp: how long the way up takes (stage ``spike``).
        down: how long the way down takes (stage ``down``).
        recovery: how long the little load lasts after it (stage ``recovery``).
        max_vus: the most VUs that k6 may start to keep the rate up.
        common: see :class:`~k6spec.declare.profiles.Common`.
    """
    top = _level("spike", rate, vus)
    low = max(1, top // 20)
    stages = (
        stage(ramp, top, name="spike"),
        stage(down, low, name="down"),
        stage(recovery, low, name="recovery"),
    )
    return _ramping(stages, rate, max_vus, common, start=low)


def breakpoint(
    *,
    rate: int,
    duration: str | Duration = "30m",
    max_vus: int | None = None,
    **common: Unpack[Common],
) -> RampingArrivalRate:
    """Where it breaks: a rate of arrivals that rises steadily up to ``rate``, more than it can bear (open model).

    The load stops when it has: with more than 5 % of the requests failed, or beyond the limits of ``stop_when``.
    The claim is about where: ``run.http().breaking_rate() >= 400``. The closed model can't find that point: as
    the system slows down, it would be asked less.

    Args:
        rate: iterations a second at the end (stage ``rise``).
        duration: how long the way there takes.
        max_vus: the most VUs that k6 may start; a system that breaks needs many.
        common: see :class:`~k6spec.declare.profiles.Common`; with ``stop_when=None`` nothing stops the load.
    """
    common = {"stop_when": _BROKEN, **common}
    return ramping_arrival_rate(stage(duration, rate, name="rise"), max_vus=max_vus, **common)


def _plateau(
    name: str,
    rate: int | None,
    vus: int | None,
    ramp: str | Duration,
    hold: str | Duration,
    max_vus: int | None,
    common: Common,
) -> Ramping:
    level = _level(name, rate, vus)
    stages = (
        stage(ramp, level, name="ramp up"),
        stage(hold, level, name="hold"),
        stage(ramp, 0, name="ramp down"),
    )
    return _ramping(stages, rate, max_vus, common)


def _ramping(
    stages: tuple[Stage, ...], rate: int | None, max_vus: int | None, common: Common, *, start: int = 0
) -> Ramping:
    if rate is not None:
        return ramping_arrival_rate(*stages, start_rate=start, max_vus=max_vus, **common)
    if max_vus is not None:
        reject(f"max_vus={max_vus}: only with rate=; vus= is the number of VUs already")
    return ramping_vus(*stages, start_vus=start, **common)


def _level(name: str, rate: int | None, vus: int | None) -> int:
    level = vus if rate is None else rate
    if level is None or (rate is not None and vus is not None):
        reject(f"presets.{name}: give either rate= (iterations a second, open) or vus= (users, closed model)")
    return level
