"""What the statements of a flow need around them: imports, constants, files beside the module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, final

from k6spec.declare.flow.data import Data
from k6spec.script.flow_js.expressions import literal

_DEFAULTS: Final = {"http": "k6/http", "exec": "k6/execution", "encoding": "k6/encoding"}


@final
class Builder:
    """Collects them while statements are made.

    Args:
        name: of the flow's module, with which its files begin.
        data: the flow's.
    """

    def __init__(self, name: str, data: Mapping[str, Data]) -> None:
        self.name = name
        self.data = data
        self.files: dict[str, bytes] = {}
        self.constants: dict[str, str] = {}
        self.secrets: set[str] = set()
        self.values: set[str] = set()
        """Names of built-in values that some placeholder uses."""
        self.paced = False
        self._imports: defaultdict[str, set[str]] = defaultdict(set)
        self._defaults: set[str] = set()

    def use(self, name: str, module: str | None = None) -> str:
        """Imports ``name`` from a module, or a default export of k6's; returns the name."""
        if module is None:
            self._defaults.add(name)
        else:
            self._imports[module].add(name)
        return name

    def constant(self, name: str, expression: str) -> str:
        """A constant of the module: ``name``, or ``name2`` and so on if another expression has it already."""
        number = 1
        while (
            self.constants.setdefault(unique := name if number == 1 else f"{name}{number}", expression)
            != expression
        ):
            number += 1
        return unique

    def file(self, name: str, content: bytes) -> str:
        """A file beside the module; returns its path as a literal."""
        full = f"{self.name}.{name}"
        self.files[full] = content
        return literal(f"./{full}")

    def imports(self) -> Iterator[str]:
        """The import statements, k6's own first."""
        for name, module in _DEFAULTS.items():
            if name in self._defaults:
                yield f"import {name} from '{module}';"
        for module in sorted(self._imports, key=lambda module: (module.startswith("."), module)):
            yield f"import {{ {', '.join(sorted(self._imports[module]))} }} from '{module}';"
