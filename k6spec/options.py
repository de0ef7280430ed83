"""A table of settings, read name by name: each value is checked, and what nobody asked for is an error."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Final, cast, final

from k6spec.errors import ConfigError, UsageError
from k6spec.units import Duration, ms, parse_duration

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_BEFORE_AT: Final = re.compile(r"^(\w+://)?.*@", re.DOTALL)
_AFTER_ADDRESS: Final = re.compile(r"(://[^?#]*[?#]).+")


@final
class Options:
    """Values by name.

    Args:
        table: as TOML gives it.
        where: names the table in errors: ``[tool.k6spec.source]``.
        environ: texts may hold ``${NAME}``, which stands for this variable's value: so secrets stay out of files.
    """

    def __init__(self, table: Mapping[str, object], *, where: str, environ: Mapping[str, str]) -> None:
        self._table = table
        self._where = where
        self._environ = environ
        self._asked: list[str] = []

    @property
    def where(self) -> str:
        """The table's name, for errors."""
        return self._where

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text that is not empty.

        Raises:
            ConfigError: it is something else, or holds ``${NAME}`` where that variable is not set or empty.
        """
        value = self._value(name)
        if value is None:
            return default
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "write a text")
        return self._expanded(name, value)

    def required(self, name: str) -> str:
        """A text that must be there.

        Raises:
            ConfigError: it is not, or is not a text.
        """
        value = self.text(name)
        if value is None:
            raise ConfigError(f"{self._where}: {name} is missing")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of ``choices``; the first is the default."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise self.wrong(name, f"write {' or '.join(choices)}")
        return cast("str", value)

    def number(self, name: str, default: int, *, lowest: int = 0, highest: int = 10**9) -> int:
        """A whole number."""
        value = self._value(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise self.wrong(name, f"write a number from {lowest:,} to {highest:,}")
        return value

    def duration(self, name: str, default: Duration) -> Duration:
        """``"5s"``, or a number of seconds.

        Raises:
            ConfigError: it is neither.
        """
        value = self._value(name)
        if value is None:
            return default
        try:
            if isinstance(value, str):
                return parse_duration(value)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return ms(value * 1000)
        except (UsageError, OverflowError):
            pass
        raise self.wrong(name, 'write a duration, as in "5s"')

    def texts(self, name: str) -> dict[str, str]:
        """A table of texts, ``${NAME}`` expanded."""
        value = self._value(name)
        if value is None:
            return {}
        hint = f'write a table of texts: {name} = {{ Name = "value" }}'
        if not isinstance(value, Mapping):
            raise ConfigError(f"{self._where}: {name} is not a table; {hint}")
        for key, text in value.items():
            if not isinstance(text, str):
                raise ConfigError(f"{self._where}: {name}.{key} is not a text; {hint}")
        return {str(key): self._expanded(f"{name}.{key}", text) for key, text in value.items()}

    def end(self) -> None:
        """Says that all there is has been asked for.

        Raises:
            ConfigError: something else is in the table.
        """
        for name in self._table:
            if name not in self._asked:
                near = difflib.get_close_matches(name, self._asked, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(self._asked))}"
                raise ConfigError(f"{self._where}: unknown setting {name!r}; {hint}")

    def wrong(self, name: str, hint: str) -> ConfigError:
        """The error for a value that cannot be. It is shown as it is written, never expanded, and no secrets:
        not what stands before the @ of an address or after its ? or #, and of a table the names only.
        """
        return ConfigError(f"{self._where}: {name} = {_shown(self._table.get(name))}; {hint}")

    def _value(self, name: str) -> object:
        self._asked.append(name)
        return self._table.get(name)

    def _expanded(self, name: str, text: str) -> str:
        for variable in _VARIABLE.findall(text):
            if not self._environ.get(variable):
                state = "empty" if variable in self._environ else "not set"
                raise ConfigError(
                    f"{self._where}: {name} needs the environment variable {variable}, which is {state}"
                )
        return _VARIABLE.sub(lambda match: self._environ[match[1]], text)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = …" for name in value) + " }"
    if isinstance(value, str):
        value = _AFTER_ADDRESS.sub(r"\1…", _BEFORE_AT.sub(r"\1…@", value))
    return repr(value)
