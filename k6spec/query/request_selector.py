"""Selectors of requests that stand alone, to be combined with ``&``, ``|`` and ``~`` and given to ``run.http``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from k6spec.query.combining import Combinable
from k6spec.query.logic import all_of, any_of, leaves
from k6spec.query.matching import Match, matching, of_status, words_of
from k6spec.query.selectors import Condition
from k6spec.query.span_language import Text

_NAMES: Final = ("operation", "name")


@final
class RequestSelector(Combinable):
    """Which requests are meant, of any run: ``http("GET /orders") | http(method="POST", status=503)``.

    ``&`` is both, ``|`` either, ``~`` not.
    """

    __slots__ = ()

    _noun = "requests"
    _like = "http(...) with http(...)"

    def __call__(
        self,
        name: Text | RequestSelector | None = None,
        *,
        method: Text | None = None,
        url: Text | None = None,
        scenario: Text | None = None,
        group: Text | None = None,
        status: Match | None = None,
        tags: Mapping[str, Match] | None = None,
        failed_check: Text | None = None,
        passed_check: Text | None = None,
    ) -> RequestSelector:
        """Narrowed by what is given; each takes a text, a glob, ``re.compile(...)`` or several of them.

        Args:
            name: k6's ``name`` tag, or ``"METHOD /path"``; or a selector.
            method: ``GET``, ``POST`` …
            url: all of it, query included.
            scenario: k6's scenario name.
            group: k6's group, as in ``::checkout``.
            status: the HTTP status, 0 where no answer came: a number, a glob (``"5*"``), ``range(500, 600)``, or
                several in a list.
            tags: the script's own tags.
            failed_check: the name of a k6 check that failed in the request's trace.
            passed_check: the name of a k6 check that held in the request's trace.
        """
        found: list[Condition] = []
        words: list[str] = []
        if isinstance(name, RequestSelector):
            found += name.conditions
            words.append(name.described.removesuffix("requests").strip())
        elif name is not None:
            found.append(request_named(name))
            words.append(words_of(name))
        for column, what, value in (
            ("upper(method)", "method", _upper(method)),
            ("url", "url", url),
            ("scenario", "scenario", scenario),
            ('"group"', "group", group),
            ("status::VARCHAR", "status", None if status is None else of_status(status)),
        ):
            if value is not None:
                found.append(matching(column, value, what=what, state=what == "status"))
                words.append(words_of(value))
        for key, wanted in (tags or {}).items():
            column = "tags['" + key.replace("'", "''") + "']"
            found.append(matching(column, wanted, what=key, keys="tags"))
            words.append(f"{key}={words_of(wanted)}")
        for check, value, said in ((failed_check, 0, "failing"), (passed_check, 1, "passing")):
            if check is not None:
                found.append(_checked(check, value))
                words.append(f"{said} {words_of(check)!r}")
        before = self.described.removesuffix("requests").strip()
        text = " ".join(part for part in (before, *words, "requests") if part)
        return RequestSelector((*self.conditions, *found), text)


http: Final = RequestSelector()
"""All requests; call it to narrow."""


def request_named(name: Text) -> Condition:
    """A request by k6's name, or by ``METHOD /path``."""
    return any_of(tuple(matching(column, name, what="name") for column in _NAMES))


def rooted(root: Text | RequestSelector) -> tuple[Condition, str]:
    """The condition on a trace that such a request began it, and its name in messages."""
    if not isinstance(root, RequestSelector):
        return request_named(root), words_of(root)
    condition = all_of(root.conditions)
    wrapped = Condition(
        sql=f"request_id IN (SELECT request_id FROM requests WHERE {condition.sql})",
        parameters=condition.parameters,
        state=any(leaf.state for leaf in leaves(root.conditions)),
    )
    return wrapped, root.described


def _checked(check: Text, value: int) -> Condition:
    """That no check of this name went so is a finding only where there is such a check."""
    wanted = matching('"check"', check, what="check")
    of_it = f"SELECT trace_id FROM samples WHERE metric = 'checks' AND trace_id IS NOT NULL AND {wanted.sql}"
    there = Condition(
        sql=f"trace_id IN ({of_it})",
        parameters=wanted.parameters,
        column='(SELECT any_value(k."check") FROM samples k WHERE k.trace_id = r.trace_id)',
        value=words_of(check),
        what="check",
    )
    return Condition(
        sql=f"trace_id IN ({of_it} AND value = {value})",
        parameters=wanted.parameters,
        how="related",
        parts=(there,),
        asked=f"{'passing' if value else 'failing'} {words_of(check)!r}",
        state=True,
    )


def _upper(method: Text | None) -> Text | None:
    return method.upper() if isinstance(method, str) else method
