"""What a failing claim says of its cause, on archives made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec import ms, percent
from k6spec.explain.contrast import contrast
from k6spec.explain.failing import failing
from k6spec.judge.verdict import Verdict
from k6spec.report.failure import failure_message
from k6spec.report.links import Links
from k6spec.report.statement import short_statement
from k6spec.run import Run
from tests.support.runs import Request, Span, db, entry, run_of


def bought(sku: str, slow: float = 5.0, stage: str = "peak", name: str = "POST /checkout") -> Request:
    """A request for a product, with a database span."""
    return Request(
        name=name, ms=slow + 20, stage=stage, spans=[entry(name, attributes={"shop.sku": sku}), db(ms=slow)]
    )


def slow_spans(run: Run) -> Verdict:
    return run.spans.db().during(stage="peak").duration.max <= ms(200)


class TestContrast:
    def test_names_the_value_that_the_slow_ones_share(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("hot", 300)] * 9 + [bought("cold", 300)] + [bought("cold")] * 40)

        found = contrast(run.database, slow_spans(run))

        assert found is not None
        assert (found.key, found.value, found.of_offending, found.of_others) == ("shop.sku", "hot", 0.9, 0.0)

    def test_speaks_of_slow_requests_too(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [bought("hot", 300)] * 9 + [bought("cold")] * 40)

        found = contrast(run.database, run.http().duration.p95 < ms(200))

        assert found is not None
        assert found.value == "hot"

    def test_compares_within_the_claims_part_of_the_load(self, tmp_path: Path) -> None:
        ramp = [bought("hot", 300, stage="ramp")] * 20
        run = run_of(tmp_path, [bought("hot", 300)] * 9 + [bought("cold")] * 10 + ramp)

        found = contrast(run.database, slow_spans(run))

        assert found is not None
        assert (found.of_offending, found.of_others) == (1.0, 0.0)

    def test_compares_requests_of_one_kind(self, tmp_path: Path) -> None:
        other = [bought("none", name="GET /products")] * 40
        run = run_of(tmp_path, [bought("hot", 300)] * 9 + other)

        assert contrast(run.database, slow_spans(run)) is None, "there is no checkout to compare with"

    def test_leaves_out_how_requests_ended(self, tmp_path: Path) -> None:
        slow = Request(ms=320, stage="peak", spans=[entry(attributes={"http.status_code": "200"}), db(ms=300)])
        refused = Request(status=503, stage="peak", spans=[entry(attributes={"http.status_code": "503"}), db()])
        run = run_of(tmp_path, [slow] * 9 + [refused] * 9)

        assert contrast(run.database, slow_spans(run)) is None

    @pytest.mark.parametrize("slow", [4, 0])
    def test_says_nothing_from_a_handful(self, tmp_path: Path, slow: int) -> None:
        run = run_of(tmp_path, [bought("hot", 300)] * slow + [bought("cold")] * 40)

        assert contrast(run.database, slow_spans(run)) is None


class TestFailing:
    def test_names_the_deepest_failing_span(self, tmp_path: Path) -> None:
        broken = Request(
            status=503,
            spans=[
                entry(status="error"),
                Span(name="POST", status="error"),
                Span(name="POST /reserve", service="stock", kind="server", parent=1, status="error"),
                db("SELECT 1", parent=2),
            ],
        )
        run = run_of(tmp_path, [broken] * 3 + [Request(spans=[entry()])] * 5)

        found = failing(run.database, run.http().failed.rate < percent(1))

        assert found is not None
        assert (found.service, found.name, found.error, found.traces) == ("stock", "POST /reserve", "", 3)

    def test_says_nothing_where_no_span_failed(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(status=503, spans=[entry()])] * 3)

        assert failing(run.database, run.http().failed.rate < percent(1)) is None


class TestWhereTheTimeWent:
    @pytest.mark.parametrize(
        ("spans", "words"),
        [
            ([entry(ms=480), db("SELECT a", ms=400)], "; 400 ms of it in orders: SELECT a"),
            (
                [entry(ms=480), db("SELECT a", ms=20), db("SELECT b", ms=10)],
                "; 460 ms of it in orders: POST /checkout",
            ),
            ([entry(ms=40), db("SELECT a", ms=20)], "; 460 ms of it before or after the system's spans"),
            ([], ""),
        ],
    )
    def test_in_a_slow_request(self, tmp_path: Path, spans: list[Span], words: str) -> None:
        run = run_of(tmp_path, [Request(ms=500, spans=spans)])

        text = str(failure_message(run, run.http().duration.max < ms(200), Links(root=tmp_path)))

        assert f"500 ms  POST /checkout 200   (k6, VU 1, 00:00){words}\n" in text

    def test_in_a_slow_span(self, tmp_path: Path) -> None:
        run = run_of(tmp_path, [Request(ms=500, spans=[entry(ms=480), db(ms=20)])])

        text = str(failure_message(run, run.spans("POST /checkout").duration.max < ms(200), Links(root=tmp_path)))

        assert "POST /checkout   (orders, VU 1, 00:00); 460 ms of it its own, outside the calls below\n" in text


@pytest.mark.parametrize(
    ("statement", "short"),
    [
        ("SELECT  1\n FROM a", "SELECT 1 FROM a"),
        (
            f"SELECT {'a.column, ' * 20}a.last FROM a WHERE b = ?",
            "SELECT a.column, a.column, … FROM a WHERE b = ?",
        ),
        (f"select {'x' * 100} from a", "select … from a"),
        ("INSERT INTO a VALUES " + "(?), " * 40, "INSERT INTO a VALUES " + "(?), " * 13 + "(?)…"),
    ],
)
def test_statements_are_shortened_to_what_they_ask(statement: str, short: str) -> None:
    assert short_statement(statement) == short
