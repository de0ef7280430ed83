"""Links to traces, as they must be where they are read."""

from pathlib import Path

import pytest

from k6spec.report.links import Links
from k6spec.store.archive import RunFolder

ROOT = Path("/work/shop")
RUN = RunFolder(ROOT / ".k6spec/runs/2026-11-01T00-00-00-00000001")
PAGE = RUN.path / "traces/ab.html"
JAEGER = "http://127.0.0.1:16686"
GRAFANA = "https://grafana.example"


def links(shown_at: str | None, **more: object) -> Links:
    def shown(run: RunFolder, trace_id: str, span_id: str | None) -> str | None:
        return shown_at and f"{shown_at}/trace/{trace_id}?uiFind={span_id}"

    return Links(root=ROOT, shown=shown, **more)  # type: ignore[arg-type]


def test_a_trace_that_a_stack_shows_is_linked_there() -> None:
    assert links(JAEGER).to_trace(RUN, PAGE, "ab", "cd") == f"{JAEGER}/trace/ab?uiFind=cd"


def test_where_no_stack_shows_it_the_link_is_to_its_own_page() -> None:
    assert links(None).to_trace(RUN, PAGE, "ab") == PAGE.as_uri()


@pytest.mark.parametrize(
    ("more", "link"),
    [
        ({"ci": True}, ".k6spec/runs/2026-11-01T00-00-00-00000001/traces/ab.html"),
        ({"base": "https://ci/7/"}, "https://ci/7/.k6spec/runs/2026-11-01T00-00-00-00000001/traces/ab.html"),
    ],
)
def test_a_report_that_is_read_elsewhere_never_points_to_localhost(more: dict[str, object], link: str) -> None:
    assert links(JAEGER, **more).to_trace(RUN, PAGE, "ab") == link


def test_but_it_points_to_what_everybody_reaches() -> None:
    assert links(GRAFANA, ci=True).to_trace(RUN, PAGE, "ab", "cd") == f"{GRAFANA}/trace/ab?uiFind=cd"
