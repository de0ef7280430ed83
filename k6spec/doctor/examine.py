"""All checks, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Final, TypeAlias, final

from k6spec.config import Config
from k6spec.doctor.case import Case
from k6spec.doctor.choice import choose, running
from k6spec.doctor.clock import clock
from k6spec.doctor.disk import runs_folder, temporary_folder
from k6spec.doctor.docker import docker
from k6spec.doctor.endpoints import source, system_under_test
from k6spec.doctor.finding import Finding
from k6spec.doctor.k6 import k6
from k6spec.doctor.machine import cores, files, memory
from k6spec.doctor.ports import ephemeral_ports, fixed_ports, usual_ports
from k6spec.doctor.programs import collector, jaeger
from k6spec.doctor.receiver import receiver

Check: TypeAlias = Callable[[Case], Iterable[Finding]]
"""A check: it changes nothing, and each thing that it looked at is a finding."""

CHECKS: Final[Mapping[str, Check]] = {
    "k6": k6,
    "receiver": receiver,
    "Docker": docker,
    "Collector": collector,
    "Jaeger": jaeger,
    "fixed ports": fixed_ports,
    "usual ports": usual_ports,
    "outgoing ports": ephemeral_ports,
    "system under test": system_under_test,
    "trace source": source,
    "clock": clock,
    "runs folder": runs_folder,
    "temporary folder": temporary_folder,
    "cores": cores,
    "memory": memory,
    "open files": files,
}
"""By what each looks at. To add one: a function in a file here, and a line."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All findings; ``stack`` is the one that a load would run on, None if the settings name none."""

    stack: str | None
    findings: tuple[Finding, ...]

    @property
    def hindrances(self) -> int:
        """How many findings keep loads from running on the stack."""
        return sum(finding.status == "problem" for finding in self.findings)


def examine(config: Config, environ: Mapping[str, str], *, checks: Mapping[str, Check] = CHECKS) -> Examination:
    """Makes all checks at once: the slowest tells how long it takes, some two seconds."""
    stack, chosen = choose(config, environ)
    kept, told = running(config)
    case = Case(config=config, environ=environ, stack=stack, running=kept)
    with ThreadPoolExecutor(len(CHECKS), thread_name_prefix="k6spec-doctor") as pool:
        made = list(pool.map(lambda topic: _made(topic, checks[topic], case), checks))
    return Examination(stack=stack, findings=(chosen, *told, *(finding for each in made for finding in each)))


def _made(topic: str, check: Check, case: Case) -> list[Finding]:
    try:
        return list(check(case))
    except Exception as error:
        # Not its text, which may hold what is secret.
        frame = extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        return [
            Finding(
                topic=topic,
                status="warning",
                seen=f"the check itself failed: {type(error).__name__} at {where}",
                advice="look at it by hand, and report this to k6spec",
            )
        ]
