"""How sound the measurement itself was, and from where on its own symptoms spoil a claim about latency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import final

from k6spec.config import Config
from k6spec.judge.intervals import ENOUGH, Enough
from k6spec.units import counted, format_ns, format_ratio


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """Limits from which on a symptom counts; docs/evidence.md argues for each. Shares from 0 to 1.

    Attributes:
        failed: failed requests, above which a latency claim must hold for the successful ones alone too.
        dropped: dropped iterations, or interrupted ones. The declared load was not made.
        idle_vus: VUs that made no request, or hung in one. The declared load was not made.
        k6_cpu: of its cores that k6 took in the busiest tenth of its time. It measures its own queues.
        late_ns: how late iterations of an arrival rate began, in all but the latest twentieth.
        clock_step_ns: the clock's largest step. When requests were sent is not known.
        uninstrumented_from: requests of an operation without one trace, from which on it gives none.
        groups: values that a selection may be grouped by.
        hidden: a missing trace has at most so many times the members of any that was seen.
        fewest_beyond: members beyond a percentile, below which it is said that they are few.
        enough: effective samples without which no interval is given.
    """

    failed: float = 0.01
    dropped: float = 0.01
    idle_vus: float = 0.01
    k6_cpu: float = 0.9
    late_ns: float = 100e6
    clock_step_ns: float = 100e6
    uninstrumented_from: int = 10
    groups: int = 200
    hidden: int = 2
    fewest_beyond: int = 5
    enough: Enough = ENOUGH

    @classmethod
    def of(cls, config: Config) -> Tolerances:
        """As the settings have them."""
        return cls(
            failed=config.max_failed.fraction,
            dropped=config.max_dropped.fraction,
            idle_vus=config.max_idle_vus.fraction,
            k6_cpu=config.max_k6_cpu.fraction,
            late_ns=float(config.max_k6_late.ns),
            clock_step_ns=float(config.max_clock_step.ns),
            uninstrumented_from=config.uninstrumented_from,
            groups=config.max_groups,
            hidden=config.max_hidden,
            fewest_beyond=config.fewest_beyond,
            enough=Enough(samples=config.interval_samples, beyond=config.interval_beyond),
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was seen of the measurement. Sources: k6's samples and log, the machine's ``/proc``.

    ``k6_cpu``: the share of its ``cores`` that k6 took, ``machine_cpu``: of the machine's that anything took, both
    in all but the busiest tenth of the time. ``late_ns``: how late iterations of an arrival rate began, in all but
    the latest twentieth. ``clock_step_ns``: by how much this machine's clock was set.
    None where it was not measured. ``scenarios``: of each its iterations ``dropped``, of those ``planned``
    (dropped or ended); its ``idle_vus`` and ``planned_vus``; how many iterations k6 told nothing of (``untold``),
    of those ``due``; the ``vus`` that hung, of those ``asking``, at ``last_ns`` of ``length_ns``. What is not
    there is not known; without any, symptoms are those of all scenarios together.
    """

    dropped_iterations: int = 0
    iterations: int = 0
    script_errors: int = 0
    idle_vus: int = 0
    planned_vus: int = 0
    k6_cpu: float | None = None
    machine_cpu: float | None = None
    cores: float | None = None
    late_ns: float | None = None
    clock_step_ns: int = 0
    scenarios: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def hung(self, tolerated: Tolerances) -> Iterator[str]:
        """Why no claim at all passes: k6 interrupted what the system did not answer, and tells nothing of it."""
        name, lost, due = self._worst("untold", "due")
        if lost > tolerated.dropped * due:
            yield (
                f"k6 interrupted {lost:,} of {due:,} iterations{self._in(name)} that had the time to end, and "
                "tells nothing of their last requests; the system hung, or gracefulStop is too short"
            )
        name, vus, asking = self._worst("vus", "asking")
        if vus > tolerated.idle_vus * asking:
            seen = self.scenarios[name]
            yield (
                f"k6 interrupted {vus:,} of {asking:,} VUs{self._in(name)} in the middle of an iteration that "
                f"lasted longer than gracefulStop (last sign of life at {format_ns(seen['last_ns'])} of "
                f"{format_ns(seen['length_ns'])}); the system hung, or gracefulStop is too short"
            )

    def symptoms(self, tolerated: Tolerances) -> Iterator[str]:
        """Why no claim about latency passes; nothing where all is well.

        These are k6's own: that the machine was busy with other things is no symptom while k6 kept up.
        """
        yield from self.hung(tolerated)
        of_all = self.dropped_iterations, self.dropped_iterations + self.iterations
        name, dropped, planned = self._worst("dropped", "planned", of_all)
        if dropped > tolerated.dropped * planned:
            yield (
                f"k6 dropped {counted(dropped, 'iteration')}{self._in(name)} ({format_ratio(dropped / planned)}): "
                "the declared load was not made; raise max_vus, or lower the rate"
            )
        name, idle, vus = self._worst("idle_vus", "planned_vus", (self.idle_vus, self.planned_vus))
        if idle > tolerated.idle_vus * vus:
            yield (
                f"{idle:,} of {vus:,} planned VUs{self._in(name)} made no request: the declared load was "
                "not made; load longer than an iteration takes, or plan fewer VUs"
            )
        if self.k6_cpu is not None and self.cores is not None and self.k6_cpu > tolerated.k6_cpu:
            yield (
                f"k6 took {format_ratio(self.k6_cpu)} of its {self.cores:g} cores, so its times may include "
                "its own waiting for a core; give it more cores, or plan a smaller load"
            )
        if self.late_ns is not None and self.late_ns > tolerated.late_ns:
            yield (
                f"k6 began iterations {format_ns(self.late_ns)} late, so users did not come as declared; give it "
                "more cores, or plan a smaller load"
            )
        if self.clock_step_ns > tolerated.clock_step_ns:
            yield (
                f"this machine's clock was set by {format_ns(self.clock_step_ns)} during the load, so it is not "
                "known when requests were sent; let NTP adjust it slowly (slew), and load again"
            )

    def without_dropped(self) -> Health:
        """The same, but for iterations that were dropped: for claims that look at them by themselves."""
        scenarios = {name: {**of, "dropped": 0} for name, of in self.scenarios.items()}
        return replace(self, dropped_iterations=0, scenarios=scenarios)

    def _worst(self, part: str, whole: str, of_all: tuple[int, int] = (0, 0)) -> tuple[str, int, int]:
        """The scenario with the largest share, and the two numbers; ``of_all`` where they are not known of any."""
        known = {name: (of[part], of[whole]) for name, of in self.scenarios.items() if whole in of} or {"": of_all}
        name = max(known, key=lambda each: known[each][0] / max(1, known[each][1]))
        return (name, *known[name])

    def _in(self, scenario: str) -> str:
        return f" of {scenario}" if len(self.scenarios) > 1 else ""
