"""``k6spec compare``: two archived runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import sqrt
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from k6spec.cli.app import Exit, app, out, tell
from k6spec.cli.archive import DEFAULT_RUNS, RUN, RunsOption
from k6spec.cli.history import HistoryOption, opened
from k6spec.errors import ArchiveFault
from k6spec.history.entry import entry_of
from k6spec.history.store import HistoryStore
from k6spec.judge.limits import shown
from k6spec.judge.past import FEWEST
from k6spec.report.html.visible import visible_line
from k6spec.report.statement import short_statement
from k6spec.store.archive import RunFolder, find_run
from k6spec.units import format_ns, format_number

if TYPE_CHECKING:
    from k6spec.history.compare import Moved, Pair

_NOTABLE: Final = 0.02
"""What moved less than this share of a request's mean is left out …"""
_MOST: Final = 12
"""… and so is what comes after so many."""
_BEYOND: Final = 3
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
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code",
            help="Exit with 1 if a figure changed by more than three times the noise, with 6 if history knows no "
            "noise.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare two runs: latencies, failures and rates, and in which operations the time went.

    The column noise says how the same figure differs between unchanged runs, where history knows five or more.

    Example: k6spec compare 0f3a last --exit-code
    """
    from k6spec.declare.fingerprint import first_difference
    from k6spec.history.compare import compare as compared

    one, two = _whole(folder, first), _whole(folder, second)
    found = compared(one, two)
    infos = (one.info(), two.info())
    noise = _noise(opened(history), infos[1], found.pairs)
    differs = first_difference(infos[0].get("profile"), infos[1].get("profile"))
    changed = _changed(found.pairs, noise)
    if as_json:
        tell(
            {
                "first": one.run_id,
                "second": two.run_id,
                "declarations_differ": differs,
                "changed": changed,
                "requests": [
                    {
                        **asdict(pair),
                        "change": pair.change,
                        "noise": noise.get(pair),
                        "changed": _beyond(pair, noise),
                    }
                    for pair in found.pairs
                ],
                "traces": [{**asdict(each), "added_ns": each.added_ns} for each in found.moved],
            }
        )
    else:
        _show(one, two, differs)
        _show_requests(found.pairs, noise)
        _show_moved(found.moved, found.pairs)
    if exit_code and changed is not False:
        raise typer.Exit(Exit.OPEN if changed is None else Exit.NO)


def _changed(pairs: Sequence[Pair], noise: Mapping[Pair, float]) -> bool | None:
    """Whether any figure changed beyond the noise; None where the noise of none is known."""
    beyond = {_beyond(pair, noise) for pair in pairs}
    if True in beyond:
        return True
    return False if noise or beyond <= {False} else None


def _beyond(pair: Pair, noise: Mapping[Pair, float]) -> bool | None:
    """Whether a figure changed by more than three times its noise; requests that one run lacks have changed."""
    if pair.first is None or pair.second is None:
        return True
    if pair.first == pair.second:
        return False
    if pair not in noise:
        return None
    return pair.change is None or abs(pair.change) > _BEYOND * noise[pair]


def _show(one: RunFolder, two: RunFolder, differs: str | None) -> None:
    infos = (one.info(), two.info())
    for name, run, info in (("first", one, infos[0]), ("second", two, infos[1])):
        revision = entry_of({**info, "run_id": run.run_id}).revision
        ab = info.get("ab")
        turn = f", round {ab['round']} of {ab['rounds']}" if ab else ""
        out.print(f"{name}: [bold]{run.run_id}[/]  {escape(revision)}{turn}")
    if differs:
        out.print(f"[yellow]the loads are not the same[/]: {escape(differs)}", soft_wrap=True)


def _whole(folder: Any, name: str) -> RunFolder:
    run = find_run(folder, name)
    if not run.is_whole():
        raise ArchiveFault(f"{run.run_id} is {run.status()}: there is nothing whole to compare")
    return run


def _noise(store: HistoryStore, info: Mapping[str, Any], pairs: Sequence[Pair]) -> dict[Pair, float]:
    """One standard deviation of the difference of two unchanged runs, where history knows it.

    As a share of the first; of a share of failed requests itself, the number of requests considered.
    """
    from k6spec.judge.regression import measure_noise

    key = entry_of({"run_id": "", **info}).key
    alike = [entry for entry in store.entries() if entry.key == key and not entry.dirty]
    found = {}
    for pair in pairs:
        text = f"{pair.operation} requests: {_LABELS.get(pair.statistic, pair.statistic)}"
        known = [entry.known(text) for entry in alike if text in entry.statistics]
        if len(known) >= FEWEST:
            members = round(sum(one.members for one in known) / len(known))
            share = (pair.second or 0.0, members) if pair.unit == "fraction" else None
            found[pair] = measure_noise(known, known, share=share, ratios=share is None).deviation * sqrt(2)
    return found


def _show_requests(pairs: Sequence[Pair], noise: Mapping[Pair, float]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("request", "statistic", "first", "second", "change", "noise"):
        table.add_column(column, justify="left" if column in {"request", "statistic"} else "right")
    for pair in pairs:
        values = ["-" if value is None else shown(value, pair.unit) for value in (pair.first, pair.second)]
        points = " points" if pair.unit == "fraction" else " %"
        change = ""
        if pair.change is not None and (pair.unit != "fraction" or pair.change):
            change = f"{round(pair.change * 100, 1) + 0.0:+.1f}{points}"  # + 0.0: never -0.0
        said = f"{noise[pair] * 100:.1f}{points}" if pair in noise else ""
        if _beyond(pair, noise):
            change = f"[red]{change}[/]"
        table.add_row(escape(pair.operation), pair.statistic, *values, change, said)
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
        where = visible_line(f"{each.root}: {each.service} {short_statement(each.what)}")
        calls = format_number(each.first_calls) if each.first_calls else "no"
        more = (
            ""
            if abs(each.first_calls - each.second_calls) < 0.005
            else f", {calls} -> {format_number(each.second_calls)} calls"
        )
        out.print(
            f"  {sign}{format_ns(abs(each.added_ns))}  {escape(where)} "
            f"({format_ns(each.first_ns)} -> {format_ns(each.second_ns)}{more})",
            soft_wrap=True,
        )
