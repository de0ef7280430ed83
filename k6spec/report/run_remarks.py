"""What is worth knowing of a run beside its verdicts, wherever it is told: terminal, report, ``k6spec show``."""

from __future__ import annotations

from collections.abc import Iterator

from k6spec.config import Config
from k6spec.query.contexts import without_context
from k6spec.report.checks import never_held
from k6spec.report.failing import failing
from k6spec.report.html.visible import visible_line
from k6spec.report.omission import omission
from k6spec.report.remarks import remarks
from k6spec.report.thinning import thinning
from k6spec.report.tracing_cost import tracing_cost
from k6spec.run import Run


def run_remarks(run: Run, config: Config) -> Iterator[str]:
    """One line for each; nothing where all is well."""
    yield from map(visible_line, _remarks(run, config))


def _remarks(run: Run, config: Config) -> Iterator[str]:
    yield from remarks(run.info)
    if said := without_context(run.database):
        yield said
    yield from failing(run, above=config.max_failed.fraction)
    yield from never_held(run)
    yield from omission(run)
    yield from thinning(run, fewest=config.thin_from, fall=config.max_thinning.fraction)
    yield from tracing_cost(run)
