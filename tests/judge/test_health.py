"""The health of the measurement: which symptoms spoil a claim about latency, and from where on."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec import Inconclusive, ms, percent, seconds
from k6spec.config import load_config
from k6spec.judge.health import Health, Tolerances
from k6spec.report.remarks import remarks
from k6spec.run import Run
from tests.support.runs import Request, db, entry, run_of

SYMPTOMS = [
    (Health(dropped_iterations=20, iterations=980), "k6 dropped 20 iterations (2 %)", "max_dropped", "3%"),
    (Health(idle_vus=12, planned_vus=50), "12 of 50 planned VUs made no request", "max_idle_vus", "30%"),
    (Health(k6_cpu=0.95, cores=2), "k6 took 95 % of its 2 cores", "max_k6_cpu", "99%"),
    (Health(late_ns=250e6), "k6 began iterations 250 ms late", "max_k6_late", "1s"),
    (Health(clock_step_ns=3_600 * 10**9), "this machine's clock was set by", "max_clock_step", "2h"),
]


def run_with(tmp_path: Path, health: Health, tolerated: Tolerances | None = None) -> Run:
    """Healthy requests, measured like that."""
    archived = run_of(tmp_path, [Request(spans=[entry(), db()]) for _ in range(200)])
    info = archived.folder.info()
    archived.folder.write_info({**info, "health": {name: getattr(health, name) for name in Health.__slots__}})
    return Run(archived.folder, tolerated=tolerated)


@pytest.mark.parametrize(("health", "words", "setting", "value"), SYMPTOMS)
class TestSymptoms:
    """Of k6's own."""

    def test_let_no_latency_claim_pass(
        self, tmp_path: Path, health: Health, words: str, setting: str, value: str
    ) -> None:
        run = run_with(tmp_path, health)

        with pytest.raises(Inconclusive, match=words.replace("(", r"\(").replace(")", r"\)")):
            assert run.http().duration.p95 < seconds(1)

    def test_let_no_share_of_slow_requests_pass(
        self, tmp_path: Path, health: Health, words: str, setting: str, value: str
    ) -> None:
        requests = run_with(tmp_path, health).http()

        for verdict in (
            requests.over(seconds(1)).rate <= percent(1),
            requests.duration.histogram(seconds(1))[1] <= percent(1),
            requests.apdex(seconds(1)) >= 0.9,
        ):
            assert verdict.outcome == "inconclusive"
            assert verdict.evidence.reason.startswith(words)

    def test_let_a_slow_system_fail(
        self, tmp_path: Path, health: Health, words: str, setting: str, value: str
    ) -> None:
        assert not run_with(tmp_path, health).http().duration.p95 < ms(1)

    def test_do_not_touch_other_claims(
        self, tmp_path: Path, health: Health, words: str, setting: str, value: str
    ) -> None:
        run = run_with(tmp_path, health)

        assert run.http().failed.rate <= percent(0)
        assert run.traces().calls(db=True).max <= 1

    def test_are_tolerated_as_the_settings_say(
        self, tmp_path: Path, health: Health, words: str, setting: str, value: str
    ) -> None:
        tolerated = Tolerances.of(load_config(tmp_path, {f"K6SPEC_{setting.upper()}": value}, {}))

        assert run_with(tmp_path, health, tolerated).http().duration.p95 < seconds(1)


def test_a_busy_machine_is_no_symptom_while_k6_kept_up(tmp_path: Path) -> None:
    health = Health(k6_cpu=0.4, machine_cpu=1.0, cores=2, late_ns=20e6, idle_vus=0, planned_vus=50)

    assert run_with(tmp_path, health).http().duration.p95 < seconds(1)


def test_failed_requests_are_tolerated_as_the_settings_say(tmp_path: Path) -> None:
    requests = [Request(ms=1, status=503) if number % 20 == 0 else Request(ms=400) for number in range(200)]
    archived = run_of(tmp_path, requests)
    strict, lenient = (
        Run(archived.folder, tolerated=Tolerances(failed=share)).http().duration.percentile(4) < ms(100)
        for share in (0.01, 0.06)
    )

    assert (strict.outcome, lenient.outcome) == ("failed", "passed")


CLOSED = {"vus": 5, "asking": 5, "last_ns": 980_000_000, "length_ns": 3_000_000_000}
OPEN = {"untold": 159, "due": 200}


@pytest.mark.parametrize(("seen", "setting"), [(CLOSED, "max_idle_vus"), (OPEN, "max_dropped")])
class TestASystemThatHangs:
    """k6 gives no sample of a request that it interrupts."""

    def test_lets_no_claim_pass(self, tmp_path: Path, seen: dict[str, int], setting: str) -> None:
        run = run_with(tmp_path, Health(scenarios={"buy": seen}))

        for claim in (
            run.http().duration.p95 < seconds(1),
            run.http().failed.rate <= percent(1),
            run.http().apdex(ms(100)) >= 0.5,
            run.http().rate >= 0.001,
            run.http().rate.in_every("500ms") >= 0,
            run.http().count >= 1,
        ):
            assert claim.outcome == "inconclusive"
            assert "the system hung, or gracefulStop is too short" in claim.evidence.reason

    def test_may_fail_one(self, tmp_path: Path, seen: dict[str, int], setting: str) -> None:
        assert not run_with(tmp_path, Health(scenarios={"buy": seen})).http().count >= 1_000_000

    def test_is_remarked(self, tmp_path: Path, seen: dict[str, int], setting: str) -> None:
        run = run_with(tmp_path, Health(scenarios={"buy": seen}))

        assert any("the system hung" in remark for remark in remarks(run.info))

    def test_is_tolerated_as_the_settings_say(self, tmp_path: Path, seen: dict[str, int], setting: str) -> None:
        tolerated = Tolerances.of(load_config(tmp_path, {f"K6SPEC_{setting.upper()}": "100%"}, {}))

        assert run_with(tmp_path, Health(scenarios={"buy": seen}), tolerated).http().failed.rate <= percent(1)


@pytest.mark.parametrize(
    ("few", "many"),
    [
        ({"dropped": 30, "planned": 40}, {"dropped": 0, "planned": 10_000}),
        ({"idle_vus": 3, "planned_vus": 4}, {"idle_vus": 0, "planned_vus": 1_000}),
        ({"untold": 30, "due": 40}, {"untold": 0, "due": 10_000}),
    ],
)
def test_the_worst_scenario_counts(few: dict[str, int], many: dict[str, int]) -> None:
    symptoms = list(Health(scenarios={"browse": many, "pay": few}).symptoms(Tolerances()))

    assert len(symptoms) == 1
    assert "of pay" in symptoms[0]


def test_dropped_iterations_can_be_left_out() -> None:
    health = Health(dropped_iterations=30, scenarios={"pay": {"dropped": 30, "planned": 40}})

    assert not list(health.without_dropped().symptoms(Tolerances()))


def test_a_run_that_does_not_know_of_its_scenarios_is_judged_as_before(tmp_path: Path) -> None:
    archived = run_of(tmp_path, [Request() for _ in range(200)])
    info = archived.folder.info()
    archived.folder.write_info({**info, "health": {"dropped_iterations": 0, "script_errors": 0}})

    run = Run(archived.folder)
    assert run.http().duration.p95 < seconds(1)
    assert not any("hung" in remark for remark in remarks(run.info))
