"""Redaction: secrets leave the tables before anything is archived.

A secret's place is taken by ``[redacted 3f9a2c]``: six hex digits of a hash whose key is made anew for each run
and kept nowhere. Equal secrets of a run have the same mark, and nobody can look one up.

Whole columns are looked through: distinct keys, then distinct values; only what was found is handled one by one.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, final

import numpy as np
import pyarrow as pa

from k6spec.collect.arrow import Array, Mask, map_of, mask_of, pc, plain
from k6spec.collect.redact_text import TextRedactor
from k6spec.collect.secret_names import DEFAULT_NAMES, SecretNames
from k6spec.collect.semconv import normalise
from k6spec.config import Config
from k6spec.store.spans import EVENT, LINK, RECEIVED

_STATEMENTS: Final = ("db.query.text", "db.statement")
_PARAMETERS: Final = ("db.query.parameter.*", "db.operation.parameter.*", "db.statement.parameters")
_LITERAL: Final = re.compile(r"'(?:[^']|'')*'|(?<![\w.$:@])\d+(?:\.\d+)?\b")
_LONGEST_WORD: Final = 16
_NUMBERS: Final = ("int", "double", "bool")
_SPAN_TEXTS: Final = ("name", "status_message", "trace_state", "service", "scope_name", "scope_version")
_FEW_BYTES: Final = 32 << 10
_REMEMBERED_BYTES: Final = 1 << 20
"""Texts without secrets that are known again: to begin looking for all those names costs a millisecond."""
_REQUEST_TEXTS: Final = ("name", "url", "operation", "error", "group", "check", "journey", "correlation_id")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRules:
    """What is secret.

    Attributes:
        patterns: names beyond the defaults, as :class:`~k6spec.collect.secret_names.SecretNames` reads them.
        defaults: whether :data:`~k6spec.collect.secret_names.DEFAULT_NAMES` are secret.
        statements: whether literals in database statements are replaced by ``?``.
        values: secrets that are known themselves.
    """

    patterns: tuple[str, ...] = ()
    defaults: bool = True
    statements: bool = False
    values: frozenset[str] = frozenset()


def redaction_rules(
    config: Config,
    environ: Mapping[str, str],
    *,
    declared: Iterable[str] = (),
    given: Iterable[tuple[str, str]] = (),
) -> RedactionRules:
    """The rules of the settings.

    Args:
        environ: values of variables with a secret's name are known secrets.
        declared: names of variables that are secret whatever they are called.
        given: further variables, of which the same holds as of ``environ``.
    """
    names = SecretNames((*(DEFAULT_NAMES if config.redact_defaults else ()), *config.redact))
    likely = {value for name, value in (*environ.items(), *given) if names.has(name) and _could_be_secret(value)}
    return RedactionRules(
        patterns=config.redact,
        defaults=config.redact_defaults,
        statements=config.redact_statements,
        values=frozenset(likely | {environ[name] for name in declared if environ.get(name)}),
    )


@final
class Redactor:
    """Redacts tables and texts of one run."""

    def __init__(self, rules: RedactionRules) -> None:
        self._key = secrets.token_bytes(16)
        own = (*rules.patterns, *(_PARAMETERS if rules.statements else ()))
        # A count of tokens is no secret; a number that somebody names in the settings is.
        self._own = SecretNames(own)
        self._names = SecretNames((*(DEFAULT_NAMES if rules.defaults else ()), *own))
        self._statements = rules.statements
        self.mark = lru_cache(maxsize=65_536)(self._mark)
        """What takes the place of a secret."""
        self._texts = TextRedactor(self._names, rules.values, self.mark)
        self._clean: set[str | None] = set()
        self._room = _REMEMBERED_BYTES

    def text(self, text: str) -> str:
        """A message, a URL or a log line, less its secrets."""
        return self._texts.text(text)

    def code(self, text: str) -> str:
        """A script, less secrets that are known and passwords in addresses."""
        return self._texts.code(text)

    def plain(self, value: Any) -> Any:
        """Texts within lists and dictionaries, less their secrets."""
        return _each(value, self.text)

    def named(self, value: Any) -> Any:
        """As :meth:`plain`, and less texts and lists that have a secret's name."""
        if isinstance(value, Mapping):
            return {
                self.text(name): self.mark(json.dumps(item))
                if self._names.has(name) and item and isinstance(item, (str, list))
                else self.named(item)
                for name, item in value.items()
            }
        return [self.named(item) for item in value] if isinstance(value, list) else self.plain(value)

    def written(self, value: Any) -> Any:
        """As :meth:`plain`, of what the author of a spec wrote: it is read as code is."""
        return _each(value, self.code)

    def spans(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch of :data:`k6spec.store.spans.SCHEMA` or ``CODED``: the same one where it holds no secret,
        else one of ``SCHEMA``.
        """
        received = {field.name: batch.column(field.name) for field in RECEIVED}
        changed: dict[str, Any] = dict(received)
        for name in _SPAN_TEXTS:
            changed[name] = self._column(received[name])
        for name, types in (("attributes", "attribute_types"), ("resource", "resource_types")):
            changed[name], changed[types] = self._maps(received[name], received[types])
        for name, kind in (("events", EVENT), ("links", LINK)):
            changed[name] = self._lists(received[name], kind)
        if all(changed[name] is column for name, column in received.items()):
            return batch
        columns = [changed[field.name].cast(field.type) for field in RECEIVED]
        return normalise(pa.RecordBatch.from_arrays(columns, schema=pa.schema(RECEIVED)))

    def requests(self, table: pa.Table) -> pa.Table:
        """A table of :data:`k6spec.store.requests.REQUESTS` or ``SAMPLES`` columns; the same one where
        it holds no secret.
        """
        for name in (*_REQUEST_TEXTS, "tags"):
            if name in table.column_names:
                before = table[name].chunks
                after = [self._maps(part, None)[0] if name == "tags" else self._column(part) for part in before]
                if any(new is not old for new, old in zip(after, before, strict=True)):
                    table = _with(table, name, after)
        return table

    def _mark(self, secret: str) -> str:
        digest = hashlib.blake2b(secret.encode(errors="surrogatepass"), key=self._key, digest_size=3)
        return f"[redacted {digest.hexdigest()}]"

    def _column(self, texts: Array) -> Array:
        encoded = texts.dictionary_encode()
        replaced = self._scrubbed(encoded.dictionary, self._texts.text)
        return texts if replaced is encoded.dictionary else replaced.take(encoded.indices)

    def _scrubbed(self, distinct: Array, scrub: Callable[[str], str]) -> Array:
        """Distinct texts, those that may hold secrets handled one by one; the same array if none does."""
        few = distinct.to_pylist() if distinct.nbytes <= _FEW_BYTES else None
        if few is not None and self._clean.issuperset(few):
            return distinct
        found = mask_of(pc.fill_null(pc.match_substring_regex(distinct, self._texts.hint), False))
        if few is not None and self._room > 0 and not found.any():
            self._clean.update(few)
            self._room -= distinct.nbytes
        return _replaced(distinct, found, scrub)

    def _maps(self, column: Array, types: Array | None) -> tuple[Array, Array | None]:
        """A column of attributes and that of their types; the same ones if they hold no secret."""
        offsets = _offsets(column)
        keys, items = _children(column)
        encoded = keys.dictionary_encode()
        names, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
        secret = _of_code([self._names.has(name) for name in names], codes) & mask_of(items.is_valid())
        if secret.any() and types is not None:
            own = _of_code([self._own.has(name) for name in names], codes)
            secret &= own | ~_entries(types, _NUMBERS, encoded.dictionary, offsets, codes)
        changed = self._values(names, codes, items)
        if secret.any():
            changed = _replaced(changed, secret, self.mark)
        if changed is not items and types is not None and secret.any():
            types = _without(types, encoded.dictionary, offsets, codes, secret)
        renamed = self._scrubbed(encoded.dictionary, self._texts.known)
        if renamed is not encoded.dictionary:
            keys = renamed.take(encoded.indices)
            types = None if types is None else self._renamed(types)
        if changed is not items or renamed is not encoded.dictionary:
            column = _rebuilt(column, offsets, keys, changed)
        return column, types

    def _renamed(self, types: Array) -> Array:
        """A column of types less the known secrets in the names of their attributes."""
        keys, items = _children(types)
        encoded = keys.dictionary_encode()
        renamed = self._scrubbed(encoded.dictionary, self._texts.known)
        return _rebuilt(types, _offsets(types), renamed.take(encoded.indices), items)

    def _values(self, names: list[str], codes: Any, items: Array) -> Array:
        """Values of names that are not secret, which may hold secrets all the same."""
        distinct = items.dictionary_encode()
        replaced = self._scrubbed(distinct.dictionary, self._texts.text)
        changed = items if replaced is distinct.dictionary else replaced.take(distinct.indices)
        if not any(name in _STATEMENTS for name in names) or (changed is items and not self._statements):
            return changed
        statement = _of_code([name in _STATEMENTS for name in names], codes)
        # A statement's own words (token = ?) are not secrets, whatever they are called.
        scrub = self._statement if self._statements else self._texts.known
        original = _replaced(items, statement, scrub)
        return pc.if_else(pa.array(statement), plain(original), plain(changed))

    def _statement(self, statement: str) -> str:
        return _LITERAL.sub("?", self._texts.known(statement))

    def _lists(self, lists: Array, kind: pa.StructType) -> Array:
        """Events or links."""
        inner = lists.flatten()
        fields = {field.name: pc.struct_field(inner, field.name) for field in kind}
        changed = dict(fields)
        changed["attributes"], changed["attribute_types"] = self._maps(
            fields["attributes"], fields["attribute_types"]
        )
        for name in ("name", "trace_state"):
            if name in fields:
                changed[name] = self._column(fields[name])
        if all(changed[name] is fields[name] for name in fields):
            return lists
        struct = pa.StructArray.from_arrays([changed[field.name] for field in kind], fields=list(kind))
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct)


def _each(value: Any, scrub: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {scrub(key) if isinstance(key, str) else key: _each(item, scrub) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(item, scrub) for item in value]
    return scrub(value) if isinstance(value, str) else value


def _could_be_secret(value: str) -> bool:
    """Not what variables such as MAX_TOKENS, PASSWORD_FILE and AUTH_TOKEN_MODE hold.

    Nor a word, as POSTGRES_PASSWORD often is in tests: ``postgres`` stands in ``db.system.name`` as well.
    """
    word = value.isalpha() and len(value) < _LONGEST_WORD
    return len(value) >= 8 and not word and not value.isdecimal() and not value.startswith("/")


def _with(table: pa.Table, name: str, chunks: list[Array]) -> pa.Table:
    index = table.column_names.index(name)
    field = table.schema.field(name)
    return table.set_column(index, field, pa.chunked_array(chunks, field.type))


def _replaced(texts: Array, rows: Mask, scrub: Callable[[str], str]) -> Array:
    """``texts`` with some rows scrubbed, each distinct one once; the same array if that changes nothing."""
    if not rows.any():
        return texts
    texts, given = plain(texts), texts
    encoded = texts.filter(pa.array(rows)).dictionary_encode()
    before = encoded.dictionary.to_pylist()
    after = [text if text is None else scrub(text) for text in before]
    if after == before:
        return given
    return pc.replace_with_mask(texts, pa.array(rows), pa.array(after, pa.string()).take(encoded.indices))


def _offsets(column: Array) -> Any:
    """Where each row's entries begin in :func:`_children`; a row without a map has none."""
    return column.offsets.to_numpy() - column.offsets[0].as_py()


def _children(column: Array) -> tuple[Array, Array]:
    first, end = column.offsets[0].as_py(), column.offsets[-1].as_py()
    return column.keys.slice(first, end - first), column.items.slice(first, end - first)


def _rebuilt(column: Array, offsets: Any, keys: Array, items: Array) -> Array:
    keys, items = plain(keys), plain(items)
    if not column.null_count:
        return map_of(offsets, keys, items)
    missing = np.append(mask_of(column.is_null()), False)
    marked: Any = pa.array(offsets, pa.int32(), mask=missing)
    return pa.MapArray.from_arrays(marked, keys, items)


def _of_code(flags: Iterable[bool], codes: Any) -> Mask:
    table = np.fromiter(flags, np.bool_)
    return table[codes] if len(table) else np.zeros(len(codes), np.bool_)


def _pairs(offsets: Any, codes: Any, width: int) -> Any:
    """A number for each entry that tells its row and its key."""
    rows = np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(offsets))
    return rows * (width + 1) + codes


def _typed(types: Array, dictionary: Array) -> tuple[Any, Array, Array]:
    """Pairs, keys and type names of the entries of a column of types, by the codes of another dictionary."""
    keys, kinds = map(plain, _children(types))
    codes = pc.fill_null(pc.index_in(keys, value_set=dictionary), len(dictionary)).to_numpy()
    return _pairs(_offsets(types), codes, len(dictionary)), keys, kinds


def _entries(types: Array, kinds: tuple[str, ...], dictionary: Array, offsets: Any, codes: Any) -> Mask:
    """Which attributes are of one of these types."""
    pairs, _keys, named = _typed(types, dictionary)
    wanted = pairs[mask_of(pc.is_in(named, pa.array(kinds)))]
    return np.isin(_pairs(offsets, codes, len(dictionary)), wanted)


def _without(types: Array, dictionary: Array, offsets: Any, codes: Any, gone: Mask) -> Array:
    """The types less those of attributes that are texts now."""
    pairs, keys, kinds = _typed(types, dictionary)
    kept = ~np.isin(pairs, _pairs(offsets, codes, len(dictionary))[gone])
    if kept.all():
        return types
    left = np.concatenate(([0], np.cumsum(kept)))[_offsets(types)]
    return _rebuilt(types, left, keys.filter(pa.array(kept)), kinds.filter(pa.array(kept)))
