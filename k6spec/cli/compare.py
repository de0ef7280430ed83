"""``k6spec compare``: two archived runs side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import sqrt
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from k6spec.cli.app import app, out
from k6spec.cli.archive import DEFAULT_RUNS, RUN, RunsOption
from k6spec.cli.history import HistoryOption, opened
from k6spec.declare.fingerprint import first_difference
from k6spec.errors import ArchiveFault
from k6spec.history.compare import Moved, Pair
from k6spec.history.compare import compare as compared
from k6spec.history.entry import entry_of
from k6spec.history.store import HistoryStore
from k6spec.judge.limits import shown
from k6spec.judge.past import FEWEST, Known
from k6spec.judge.regression import measure_noise
from k6spec.report.statement import short_statement
from k6spec.store.archive import RunFolder, find_run
from k6spec.units import format_ns

_NOTABLE: Final = 0.02
"""What moved less than this share of a request's mean is left out …"""
_MOST: Final = 12
"""… and so is what comes after so many."""
_LABELS: Final = {
    "p50": "p50 duration",
    "p95": "p95 duration",
    "p99": "p99 duration",
    "mean": "mean duration",
    "failed": "failed share",
}


@app.command()
def compare(
    first: Annotated[str, RUN],
    second: Annotated[str, RUN],
    folder: RunsOption = DEFAULT_RUNS,
    history: HistoryOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare two runs: latencies, failures and rates, and in which operations the time went.

    The column noise says how the same figure differs between unchanged runs, where history knows five or more.

    Example: k6spec compare 0f3a last
    """
    one, two = _whole(folder, first), _whole(folder, second)
    found = compared(one, two)
    infos = (one.info(), two.info())
    noise = _noise(opened(history), infos[1], found.pairs)
    differs = first_difference(infos[0].get("profile"), infos[1].get("profile"))
    if as_json:
        plain = {
            "first": one.run_id,
            "second": two.run_id,
            "declarations_differ": differs,
            "requests": [{**asdict(pair), "noise": noise.get(pair)} for pair in found.pairs],
            "traces": [{**asdict(each), "added_ns": each.added_ns} for each in found.moved],
        }
        print(json.dumps(plain, indent=2, ensure_ascii=False))
        return
    for name, run, info in (("first", one, infos[0]), ("second", two, infos[1])):
        out.print(f"{name}: [bold]{run.run_id}[/]  {escape(entry_of({**info, 'run_id': run.run_id}).revision)}")
    if differs:
        out.print(f"[yellow]the loads are not the same[/]: {escape(differs)}", soft_wrap=True)
    _show_requests(found.pairs, noise)
    _show_moved(found.moved, found.pairs)


def _whole(folder: Any, name: str) -> RunFolder:
    run = find_run(folder, name)
    if not run.is_whole():
        raise ArchiveFault(f"{run.run_id} is {run.status()}: there is nothing whole to compare")
    return run


def _noise(store: HistoryStore, info: Mapping[str, Any], pairs: Sequence[Pair]) -> dict[Pair, float]:
    """One standard deviation of the difference of two unchanged runs, as a share, where history knows."""
    key = entry_of({"run_id": "", **info}).key
    alike = [entry for entry in store.entries() if entry.key == key and not entry.dirty]
    found = {}
    for pair in pairs:
        text = f"{pair.operation} requests: {_LABELS.get(pair.statistic, pair.statistic)}"
        known = [
            Known(run_id=entry.run_id, value=entry.statistics[text].value, members=entry.statistics[text].members)
            for entry in alike
            if text in entry.statistics
        ]
        if len(known) >= FEWEST and pair.unit != "fraction":
            found[pair] = measure_noise(known, known, share=None, ratios=True).deviation * sqrt(2)
    return found


def _show_requests(pairs: Sequence[Pair], noise: Mapping[Pair, float]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("request", "statistic", "first", "second", "change", "noise"):
        table.add_column(column, justify="left" if column in {"request", "statistic"} else "right")
    for pair in pairs:
        values = ["-" if value is None else shown(value, pair.unit) for value in (pair.first, pair.second)]
        deviation = noise.get(pair)
        change, share = "", None
        if pair.first and pair.second is not None and pair.unit != "fraction":
            share = pair.second / pair.first - 1
            change = f"{round(share * 100, 1) + 0.0:+.1f} %"  # + 0.0: never -0.0
        beyond = deviation is not None and share is not None and abs(share) > 3 * deviation
        said = "" if deviation is None else f"{deviation * 100:.1f} %"
        table.add_row(
            escape(pair.operation), pair.statistic, *values, f"[red]{change}[/]" if beyond else change, said
        )
    out.print(table)


def _show_moved(moved: Sequence[Moved], pairs: Sequence[Pair]) -> None:
    means = {pair.operation: pair.first or 0.0 for pair in pairs if pair.statistic == "mean"}
    notable = [each for each in moved if abs(each.added_ns) > _NOTABLE * means.get(each.root, 0.0)][:_MOST]
    if not notable:
        out.print(
            "no operation behind the requests takes more or less of them than before" if moved else "no traces"
        )
        return
    out.print("[bold]where the time went[/] (self time a trace, on average)")
    for each in notable:
        sign = "+" if each.added_ns >= 0 else "-"
        said = short_statement(each.what)
        calls = f"{each.first_calls:.3g}" if each.first_calls else "no"
        more = (
            ""
            if abs(each.first_calls - each.second_calls) < 0.005
            else f", {calls} -> {each.second_calls:.3g} calls"
        )
        out.print(
            f"  {sign}{format_ns(abs(each.added_ns))}  {escape(each.root)}: {escape(each.service)} {escape(said)} "
            f"({format_ns(each.first_ns)} -> {format_ns(each.second_ns)}{more})",
            soft_wrap=True,
        )
