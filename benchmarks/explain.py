"""How often the true cause is named: the demo shop's faults, one at a time and in pairs, under the specs' load.

Each run is seeded, so that all faults meet the same customers. Every claim of specs/test_shop_under_load.py is
judged; what is said of those that fail is compared with what ``demo.faults.FAULTS`` knows of the cause. RUNS (20)
runs of each fault and of the healthy shop, PAIRS (3) of each pair; FAULTS=hot_key,errors takes those faults only.
KEEP=FOLDER keeps the runs: what it holds is judged and explained again, without a load.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

from demo.faults import FAULTS
from k6spec.config import Config
from k6spec.declare.load import declare_load
from k6spec.declare.profiles import ramping_vus, stage
from k6spec.declare.scenario import Scenario
from k6spec.errors import K6specError
from k6spec.explain.explanation import explain
from k6spec.judge.log import VerdictLog
from k6spec.k6.binary import find_k6
from k6spec.pipeline import Surroundings, run_load
from k6spec.report.statement import short_statement
from k6spec.run import Run
from k6spec.stack.embedded import EmbeddedStack
from k6spec.stack.sut import CommandSut
from k6spec.store.archive import RunFolder

_ROOT = Path(__file__).parent.parent
_SCRIPT = """import {{ randomSeed }} from 'k6';
import customers from '{shop}';
export default function () {{
  if (__ITER === 0) randomSeed(1000 * Number(__ENV.SEED) + __VU);
  customers();
}}
"""


@final
@dataclass(slots=True)
class Tally:
    """Of one combination of faults: claims that failed, and those whose first, or first three, causes are true."""

    claims: int = 0
    failed: int = 0
    first: int = 0
    within_three: int = 0
    all_named: int = 0
    runs: int = 0
    blamed: list[str] = field(default_factory=list)

    def figures(self, name: str) -> dict[str, float]:
        """As shares of the failed claims, and of the runs, in per cent."""
        shares = {
            "named first, % of failed claims": 100 * self.first / max(1, self.failed),
            "within three, % of failed claims": 100 * self.within_three / max(1, self.failed),
            "every fault named first by some claim, % of runs": 100 * self.all_named / max(1, self.runs),
        }
        counts = {"runs": self.runs, "claims": self.claims, "failed claims": self.failed}
        return {
            f"{name}: {what}": value for what, value in (counts | (shares if name != "healthy" else {})).items()
        }


def measure() -> dict[str, float]:
    """A line for each fault, each pair and the healthy shop."""
    chosen = [name for name in os.environ.get("FAULTS", "").split(",") if name] or list(FAULTS)
    runs, pairs = int(os.environ.get("RUNS", "20")), int(os.environ.get("PAIRS", "3"))
    wanted = [
        *([] if "FAULTS" in os.environ else [((), runs)]),
        *(((name,), runs) for name in chosen),
        *((pair, pairs) for pair in combinations(chosen, 2)),
    ]
    tallies = {faults: Tally() for faults, count in wanted if count}
    with TemporaryDirectory() as folder, _shop(Path(folder)) as shop:
        keep = Path(os.environ.get("KEEP", folder))
        # Round by round, so that a benchmark that is cut off has as many runs of each.
        for seed, (faults, count) in product(range(max(runs, pairs)), wanted):
            if seed < count:
                _judge(_run(shop, keep, faults, seed), faults, tallies[faults])
                print(seed, _name(faults), tallies[faults], file=sys.stderr, flush=True)
    figures: dict[str, float] = {}
    for faults, tally in tallies.items():
        figures |= tally.figures(_name(faults))
    return figures


def _name(faults: tuple[str, ...]) -> str:
    return " + ".join(faults) or "healthy"


def _run(shop: _Shop, keep: Path, faults: tuple[str, ...], seed: int) -> RunFolder:
    root = keep / ("+".join(faults) or "healthy") / str(seed)
    for kept in map(RunFolder, (root / ".k6spec/runs").glob("*")):
        if kept.status() == "complete":
            return kept
    shop.switch(faults)
    return shop.load(seed, root)


@final
@dataclass(frozen=True, slots=True)
class _Shop:
    sut: CommandSut
    around: Surroundings
    script: Path

    def switch(self, faults: Iterable[str]) -> None:
        body = str(list(faults)).replace("'", '"').encode()
        request = urllib.request.Request(
            f"{self.sut.base_url}/_faults", data=body, headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def load(self, seed: int, root: Path) -> RunFolder:
        scenario = Scenario.script(self.script, env={"SEED": str(seed)})
        profile = ramping_vus(stage("2s", 50, name="ramp"), stage("8s", 50, name="peak"))
        return run_load(declare_load(scenario, profile), replace(self.around, config=Config(root=root)))


@contextmanager
def _shop(folder: Path) -> Iterator[_Shop]:
    script = folder / "seeded.js"
    script.write_text(_SCRIPT.format(shop=_ROOT / "specs/load/shop.js"), encoding="utf-8")
    stack = EmbeddedStack()
    sut = CommandSut([sys.executable, "-m", "demo", "serve"], url_key="orders", ready="/healthz", cwd=_ROOT)
    config = Config(root=folder)
    stack.start()
    try:
        sut.start(stack)
        around = Surroundings(config=config, binary=find_k6(None), stack=stack, sut=sut, session="explain")
        yield _Shop(sut, around, script)
    finally:
        sut.stop()
        stack.stop()


def _judge(folder: RunFolder, faults: tuple[str, ...], tally: Tally) -> None:
    log = VerdictLog()
    run = Run(folder, log=log)
    for claim in _claims():
        with suppress(AssertionError, K6specError):
            claim(run)
    judged = log.verdicts
    failed = [verdict for verdict in judged if verdict.outcome == "failed"]
    causes = [explain(run.database, verdict).causes for verdict in failed]
    tally.runs += 1
    tally.claims += len(judged)
    tally.failed += len(failed)
    tally.first += sum(any(_is(fault, each[:1]) for fault in faults) for each in causes)
    tally.within_three += sum(any(_is(fault, each[:3]) for fault in faults) for each in causes)
    tally.all_named += all(any(_is(fault, each[:1]) for each in causes) for fault in faults)
    tally.blamed += [f"{each[0][0]}: {short_statement(each[0][1])}" if each else "nothing" for each in causes]


def _is(name: str, causes: Iterable[tuple[str, str]]) -> bool:
    fault = FAULTS[name]
    return any(service == fault.service and fault.span in what for service, what in causes)


def _claims() -> list[Callable[[Run], None]]:
    """The tests of the example specs."""
    sys.path.insert(0, str(_ROOT))
    from specs import test_shop_under_load

    return [claim for name, claim in vars(test_shop_under_load).items() if name.startswith("test_")]
