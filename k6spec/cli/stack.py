"""Commands for a stack that outlives sessions: ``up``, ``status``, ``down``."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape

from k6spec.cli.app import Exit, JsonOption, app, tell
from k6spec.config import Config, load_config, project_root
from k6spec.errors import StackFault, UsageError
from k6spec.stack.base import LastingStack
from k6spec.stack.collector_config import GRPC_PORT, HTTP_PORT
from k6spec.stack.jaeger_config import UI_PORT
from k6spec.stack.kept import KeptFile, KeptStack
from k6spec.stack.otlp_env import otlp_env
from k6spec.stack.ports import free_ports
from k6spec.stack.uninterrupted import uninterrupted

if TYPE_CHECKING:
    from k6spec.stack.lifetime import Lifetime

_USUAL: Final = {"otlp_grpc_port": GRPC_PORT, "otlp_http_port": HTTP_PORT, "jaeger_port": UI_PORT}

RootOption = Annotated[
    Path | None,
    typer.Option(
        "--root",
        help="The workspace: the rootdir of pytest. "
        "[default: the nearest folder with a pyproject.toml, else this one]",
    ),
]


def _port(name: str, what: str, usual: int) -> Any:
    return typer.Option(name, min=1, max=65_535, help=f"{what}. [default: {usual}, if it is free]")


@app.command()
def up(
    stack: Annotated[str | None, typer.Option("--stack", help="docker, process, embedded or auto.")] = None,
    env: Annotated[str | None, typer.Option("--env", help="Use the settings of tool.k6spec.env.NAME.")] = None,
    grpc_port: Annotated[int | None, _port("--grpc-port", "Where OTLP/gRPC is taken", GRPC_PORT)] = None,
    http_port: Annotated[int | None, _port("--http-port", "Where OTLP/HTTP is taken", HTTP_PORT)] = None,
    ui_port: Annotated[int | None, _port("--ui-port", "Where the UI of Jaeger answers", UI_PORT)] = None,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a stack that stays, and print what the system under test must be told.

    Sessions of pytest in this workspace use it, until k6spec down ends it.

    Example: eval "$(k6spec up)"
    """
    from k6spec.stack.choose import check_name, running_stack

    options = {
        "stack": stack,
        "env": env,
        "otlp_grpc_port": grpc_port,
        "otlp_http_port": http_port,
        "jaeger_port": ui_port,
    }
    config = load_config(root or project_root(), os.environ, options)
    check_name(config.stack)
    if config.stack == "external":
        raise UsageError("there is nothing to start for the external stack: its Collector is yours")
    file = KeptFile(config.root)
    file.read()  # what cannot be read is said before anything starts
    lifetime = running_stack(config, ci=False, say=_say)
    if lifetime is None:
        kept = file.read()
        if kept is not None and file.is_here(kept):
            raise UsageError("a workspace has one stack that stays: k6spec down, then k6spec up")
        lifetime = _new(config)
    else:
        _say(f"the {lifetime.stack.name} stack runs here already")
    kept, environment = _brought_up(lifetime)
    if as_json:
        tell({**_plain(kept), "environment": environment})
        return
    _describe(kept, _say)
    _say("For the system under test:")
    print("\n".join(f"export {name}={value}" for name, value in environment.items()))


@app.command()
def status(
    logs: Annotated[bool, typer.Option("--logs", help="With what its programs have logged.")] = False,
    root: RootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which stack runs in this workspace, and how it is. Exit code 0 if it takes spans, else 1.

    Example: k6spec status --logs
    """
    from k6spec.stack.lifetime import MENDED, let_go, taken_over

    file = KeptFile(root or project_root())
    kept = file.read()
    if kept is None or not file.is_here(kept):
        said = f"{file.path} tells of a stack of another user, workspace or host"
        if as_json:
            tell({"stack": None, "takes_spans": False})
        else:
            print("no stack runs here; k6spec up starts one" if kept is None else said)
        raise typer.Exit(Exit.NO)
    stack = taken_over(kept, _maker(file))
    parts, logged = stack.parts(), stack.logs() if logs else None
    let_go(stack)
    takes_spans = not any(part.ailment is not None and part.needed for part in parts)
    if as_json:
        tell(
            {**_plain(kept), "takes_spans": takes_spans, "parts": [asdict(part) for part in parts], "logs": logged}
        )
    else:
        _describe(kept, print)
        for part in parts:
            print(f"  {part.name}: {part.ailment or 'runs'}")
        if logged is not None:
            print(logged)
        if not takes_spans:
            print(f"it takes no spans; {MENDED}")
    if not takes_spans:
        raise typer.Exit(Exit.NO)


@app.command()
def down(root: RootOption = None, as_json: JsonOption = False) -> None:
    """End the stack of this workspace, and remove what dead sessions left. Safe to call again.

    Example: k6spec down
    """
    from k6spec.stack.docker import clear_leftovers
    from k6spec.stack.lifetime import end_kept

    file = KeptFile(root or project_root())
    ended = uninterrupted(partial(end_kept, file, make=_maker(file), say=_say))
    uninterrupted(partial(clear_leftovers, file.root, _say))
    if as_json:
        tell({"ended": None if ended is None else ended.kind})
    else:
        _say("no stack runs here" if ended is None else f"the {ended.kind} stack is ended")


def _new(config: Config) -> Lifetime:
    from k6spec.stack.choose import new_stack

    choice = new_stack(_with_usual_ports(config), os.environ, say=_say)
    if choice.lifetime is None:
        raise UsageError(f"the {config.stack} stack cannot outlive the process that starts it")
    _say(f"starting the {choice.stack.name} stack, as {choice.reason}")
    return choice.lifetime


def _brought_up(lifetime: Lifetime) -> tuple[KeptStack, dict[str, str]]:
    """Starts the stack if it does not run, and keeps it; with the environment that the system must be given."""
    stack = lifetime.stack
    try:
        stack.start()
        environment = dict(otlp_env(stack))
        return uninterrupted(partial(lifetime.keep, "up")), environment
    except BaseException:
        if lifetime.adopted is None:
            uninterrupted(stack.stop)  # does nothing if it was kept just before
        raise


def _with_usual_ports(config: Config) -> Config:
    """The ports that everybody expects, where the settings fix none and they are free."""
    ports: dict[str, Any] = {}
    for setting, usual in _USUAL.items():
        if getattr(config, setting) == 0:
            with suppress(StackFault):
                (ports[setting],) = free_ports([usual])
    return replace(config, **ports)


def _plain(kept: KeptStack) -> dict[str, Any]:
    return {"stack": kept.kind, "since": kept.started, "ui": kept.ui, **asdict(kept.endpoints)}


def _describe(kept: KeptStack, say: Callable[[str], None]) -> None:
    since = datetime.fromisoformat(kept.started).astimezone()
    say(f"{kept.kind} stack, since {since:%Y-%m-%d %H:%M:%S} ({kept.origin_words}; k6spec down ends it)")
    for what, usual, url in (
        ("OTLP/gRPC", GRPC_PORT, kept.endpoints.otlp_grpc),
        ("OTLP/HTTP", HTTP_PORT, kept.endpoints.otlp_http),
        ("Jaeger's UI", UI_PORT, kept.ui),
    ):
        if url is not None:
            say(f"  {what}: {url}" + ("" if url.endswith(f":{usual}") else f" (not the usual {usual})"))


def _maker(file: KeptFile) -> Callable[[str], LastingStack]:
    from k6spec.stack.choose import lasting_maker

    # Settings are of no concern for what runs already, not even wrong ones.
    return lasting_maker(Config(root=file.root))


def _say(text: str) -> None:
    """Beside what a shell is to evaluate."""
    Console(stderr=True, highlight=False).print(escape(text), soft_wrap=True)
