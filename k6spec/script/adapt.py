"""Makes users' scripts run unchanged where k6 alone won't do: imports that k6 has removed, that need the network,
or whose functions can't be given trace context from outside lead to the runtime's modules.

k6 resolves the names of modules itself, so a module with such an import is copied into the run's folder with other
names in it, and so is each module that imports a copy. All others stay where they are. Paths in copies keep their
meaning: ``runtime/files.js``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from k6spec.declare.javascript import MODULES, Token, local_path, specifiers, tokens

_RUNTIME_MODULES: Final = (
    (re.compile(r"k6/experimental/tracing"), "tracing.js"),
    (re.compile(r"https://jslib\.k6\.io/http-instrumentation-tempo/[^/]+/index\.js"), "tracing.js"),
    (re.compile(r"https://jslib\.k6\.io/k6-utils/[^/]+/index\.js"), "k6_utils.js"),
    (re.compile(r"k6/experimental/fs"), "fs.js"),
    (re.compile(r"k6/net/grpc"), "grpc.js"),
    (re.compile(r"k6/websockets"), "websockets.js"),
    (re.compile(r"k6/experimental/websockets"), "experimental_websockets.js"),
)
_SOURCE_MAP: Final = re.compile(r"^(//# sourceMappingURL=)(?!data:|[a-z]+://)(\S+)\s*$", re.MULTILINE)
_ELSEWHERE: Final = ("https://", "http://", "k6/x/")
_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9._-]")
_META: Final = "k6spec_meta"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copied module: its folder, and that of the (first) script that leads to it."""

    folder: Path
    script: Path


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Adapted:
    """Users' scripts as k6 is to load them.

    Args:
        specifiers: a script's path -> the name under which the entry module imports it.
        copies: in the order of the folders ``copies/0``, ``copies/1`` …
        uses: names that stand in the scripts' modules: ``k6/ws`` and the like, ``submitForm``, ``clickLink``.
    """

    specifiers: dict[Path, str]
    copies: tuple[Copy, ...]
    uses: frozenset[str]

    @property
    def fetches(self) -> bool:
        """Whether k6 must get a module, or a program that has an extension, from elsewhere."""
        return any(name.startswith(_ELSEWHERE) and not _runtime_module(name) for name in self.uses)


def adapt(scripts: Sequence[Path], out: Path) -> Adapted:
    """Writes the copies that are needed below ``out/copies``."""
    modules = {module.path: module for module in _modules(scripts)}
    copied = [path for path, module in modules.items() if any(map(_runtime_module, module.imports))]
    for path in copied:  # grows while it is walked: who imports a copy must be one
        copied += [
            other
            for other, module in modules.items()
            if other not in copied and path in module.local_imports.values()
        ]
    names = {path: f"{number}/{_UNUSUAL.sub('_', path.name)}" for number, path in enumerate(copied)}
    for path, name in names.items():
        target = out / "copies" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_rewritten(modules[path], names), encoding="utf-8")
    return Adapted(
        # As a file URL: k6 reads a plain path as a part of one, and then % and ' go wrong.
        specifiers={path: f"./copies/{names[path]}" if path in names else path.as_uri() for path in scripts},
        copies=tuple(Copy(folder=path.parent, script=modules[path].script.parent) for path in copied),
        uses=frozenset(name for module in modules.values() for name in (*module.imports, *module.words)),
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    path: Path
    script: Path
    source: str
    tokens: tuple[Token, ...]
    local_imports: dict[str, Path]

    @property
    def imports(self) -> set[str]:
        return {token.content for token in self.tokens}

    @property
    def words(self) -> set[str]:
        return {word for word in ("submitForm", "clickLink", "handleSummary") if word in self.source}


def _modules(scripts: Sequence[Path]) -> Iterator[_Module]:
    """The scripts and all local modules that they import."""
    waiting = [(script, script) for script in reversed(scripts)]
    seen = set()
    while waiting:
        path, script = waiting.pop()
        if path in seen or not path.is_file() or path.suffix not in MODULES:
            continue
        seen.add(path)
        source = path.read_text(encoding="utf-8", errors="replace")
        found = tuple(specifiers(source))
        local = {token.content: local_path(token.content, path.parent) for token in found}
        module = _Module(
            path=path,
            script=script,
            source=source,
            tokens=found,
            local_imports={name: target for name, target in local.items() if target is not None},
        )
        waiting.extend((imported, script) for imported in module.local_imports.values())
        yield module


def _rewritten(module: _Module, names: dict[Path, str]) -> str:
    """The module's text with other names of modules. Lines stay where they are, for k6's messages name them."""
    changes = [(token.start, token.end, f'"{_name(token.content, module, names)}"') for token in module.tokens]
    meta = list(_meta_tokens(module.source))
    changes += [(start, end, _META) for start, end in meta]
    text = module.source
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    text = _SOURCE_MAP.sub(lambda found: found[1] + (module.path.parent / found[2]).as_uri(), text)
    if meta:
        url = module.path.as_uri().replace("'", "%27")
        text = (
            f"import {{ metaOf as {_META}Of }} from '../../runtime/files.js'; "
            f"const {_META} = {_META}Of('{url}'); {text}"
        )
    return text


def _name(specifier: str, module: _Module, names: dict[Path, str]) -> str:
    path = module.local_imports.get(specifier)
    if path is not None:
        return f"../{names[path]}" if path in names else path.as_uri()
    replaced = _runtime_module(specifier)
    return f"../../runtime/modules/{replaced}" if replaced else specifier


def _runtime_module(specifier: str) -> str | None:
    for pattern, name in _RUNTIME_MODULES:
        if pattern.fullmatch(specifier):
            return name
    return None


def _meta_tokens(source: str) -> Iterator[tuple[int, int]]:
    """Where ``import.meta`` stands: in a copy it would say where the copy is."""
    first: Token | None = None
    second: Token | None = None
    for token in tokens(source):
        if first and second and (first.text, second.text, token.text) == ("import", ".", "meta"):
            yield first.start, token.end
        first, second = second, token
