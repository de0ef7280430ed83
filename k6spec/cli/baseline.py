"""``k6spec baseline``: which runs are compared with."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.markup import escape

from k6spec.cli.app import JsonOption, app, out, tell
from k6spec.cli.completing import run_ids
from k6spec.cli.history import HistoryOption, opened
from k6spec.errors import UsageError
from k6spec.history.store import Begun

_NAME: Final = re.compile(r"[\w.+-]+")
_RunArgument = Annotated[
    str,
    typer.Argument(help="A run id, a part of its beginning or end, or last.", autocompletion=run_ids),
]

baseline: Final = typer.Typer(no_args_is_help=True, help="Which runs claims against a baseline are compared with.")
app.add_typer(baseline, name="baseline")


@baseline.command("list")
def list_baselines(
    folder: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """List pins, and loads whose baseline begins anew at some run.

    Example: k6spec baseline list
    """
    marks = opened(folder).marks()
    if as_json:
        begins = {key: {"run_id": begun.run_id, "at": begun.at} for key, begun in marks.begins.items()}
        tell({"pins": {name: list(ids) for name, ids in marks.pins.items()}, "begins": begins})
        return
    if not marks.pins and not marks.begins:
        out.print("nothing is pinned: baselines are the newest runs of the baseline branch")
    for name, ids in sorted(marks.pins.items()):
        out.print(f"{escape(name)}: {escape(', '.join(ids))}", soft_wrap=True)
    for key, begun in sorted(marks.begins.items()):
        out.print(f"load {key}: begins at {escape(begun.run_id)}, accepted {begun.at[:10]}", soft_wrap=True)


@baseline.command()
def pin(
    run: _RunArgument,
    name: Annotated[
        str, typer.Option("--name", help="For baseline(pin=NAME), and for whoever reads it.")
    ] = "pinned",
    folder: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pin a run: specs compare with it by baseline(pin=NAME), and gc never removes it.

    Example: k6spec baseline pin last --name release-1.4
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"--name {name!r}: letters, digits, and . _ + - make a name")
    store = opened(folder)
    entry, marks = store.find(run), store.marks()
    ids = tuple(dict.fromkeys((*marks.pins.get(name, ()), entry.run_id)))
    store.set_marks(replace(marks, pins={**marks.pins, name: ids}))
    if as_json:
        tell({"run_id": entry.run_id, "name": name, "pinned": ids})
        return
    out.print(f"{escape(entry.run_id)} is pinned as {escape(name)} ({len(ids)} by that name)", soft_wrap=True)


@baseline.command()
def unpin(
    name: Annotated[str, typer.Argument(help="The name of a pin.")],
    folder: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a pin away, with all runs that have it.

    Example: k6spec baseline unpin release-1.4
    """
    store = opened(folder)
    marks = store.marks()
    if name not in marks.pins:
        known = ", ".join(sorted(marks.pins)) or "none"
        raise UsageError(f"no run is pinned as {name!r}; pinned are: {known}")
    store.set_marks(replace(marks, pins={key: ids for key, ids in marks.pins.items() if key != name}))
    if as_json:
        tell({"name": name, "unpinned": marks.pins[name]})
        return
    out.print(f"{escape(name)} is no pin any more")


@baseline.command()
def accept(
    run: _RunArgument,
    folder: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept what a run measured as the new normal: the baseline of its load begins with it.

    For a change that is meant: runs that failed against the old baseline count from here on.

    Example: k6spec baseline accept last
    """
    store = opened(folder)
    entry, marks = store.find(run), store.marks()
    begun = Begun(run_id=entry.run_id, at=datetime.now(UTC).isoformat(timespec="seconds"))
    store.set_marks(replace(marks, begins={**marks.begins, entry.key: begun}))
    later = sum(e.key == entry.key and e.run_id >= entry.run_id for e in store.entries())
    if as_json:
        tell({"run_id": entry.run_id, "key": entry.key, "scenarios": entry.scenarios, "runs": later})
        return
    out.print(
        f"the baseline of {escape(', '.join(entry.scenarios))} (load {entry.key}) begins at "
        f"{escape(entry.run_id)}; runs of it so far: {later}",
        soft_wrap=True,
    )
