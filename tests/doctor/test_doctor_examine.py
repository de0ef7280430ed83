"""All checks together, and what they make of one that fails."""

import json
import time

import pytest

from k6spec.config import Config
from k6spec.doctor.choice import running
from k6spec.doctor.examine import CHECKS, examine
from k6spec.doctor.finding import Finding
from k6spec.stack.base import Endpoints, Part
from k6spec.stack.choose import choose_stack, lasting_maker
from k6spec.stack.kept import KeptFile, KeptStack
from k6spec.stack.lifetime import taken_over


def fails(_case):
    raise RuntimeError("https://user:s3cret@host")


def hinders(_case):
    yield Finding(topic="x", status="problem", seen="broken", advice="mend it")


def test_every_check_says_something_and_only_what_must_be_mended_hinders(tmp_path):
    found = examine(Config(root=tmp_path, stack="embedded"), {})
    topics = {finding.topic for finding in found.findings}
    assert {"stack", "k6", "receiver", "Docker", "Collector", "port 4317", "clock", "runs folder"} <= topics
    assert found.stack == "embedded"
    assert found.hindrances == 0
    assert all(finding.advice for finding in found.findings if finding.status in {"warning", "problem"})


def test_a_check_that_fails_is_a_finding_without_its_text(tmp_path):
    found = examine(Config(root=tmp_path, stack="embedded"), {}, checks={"odd": fails})
    (_, odd) = found.findings
    assert (odd.topic, odd.status) == ("odd", "warning")
    assert "RuntimeError at test_doctor_examine.py:" in odd.seen
    assert "s3cret" not in str(found)


def test_findings_are_in_the_order_of_the_checks(tmp_path):
    def slow(_case):
        time.sleep(0.2)
        yield Finding(topic="slow", status="ok", seen="")

    found = examine(Config(root=tmp_path, stack="embedded"), {}, checks={"slow": slow, "hinders": hinders})
    assert [finding.topic for finding in found.findings] == ["stack", "slow", "x"]
    assert found.hindrances == 1


@pytest.mark.parametrize(
    ("stack", "said"), [("kubernetes", "there is no stack 'kubernetes'"), ("external", "the external stack needs")]
)
def test_settings_that_name_no_stack_are_a_problem(tmp_path, stack, said):
    found = examine(Config(root=tmp_path, stack=stack), {}, checks={})
    (chosen,) = found.findings
    assert found.stack is None
    assert chosen.status == "problem"
    assert said in chosen.seen


def test_auto_says_what_it_would_choose_and_why(tmp_path):
    found = examine(Config(root=tmp_path), {"CI": "true"}, checks={})
    assert found.findings[0].seen == "embedded: this is CI"


def test_a_running_stack_is_told_and_left_alone(tmp_path):
    folder = tmp_path / ".k6spec"
    folder.mkdir()
    (folder / "stack.json").write_text(json.dumps({"no": "stack"}))
    found = examine(Config(root=tmp_path, stack="embedded"), {}, checks={})
    (_, running) = found.findings
    assert (running.topic, running.status) == ("running stack", "warning")
    assert (folder / "stack.json").exists()


def test_a_running_stack_is_well_only_while_it_is(tmp_path):
    config = Config(root=tmp_path, stack="embedded")
    lifetime = choose_stack(config, {}).lifetime
    lifetime.stack.start()
    kept = lifetime.keep("up")
    alive, told = running(config)
    taken_over(kept, lasting_maker(config)).stop()
    dead, told_then = running(config)
    KeptFile(tmp_path).remove()

    assert (alive, told[0].status) == (kept, "ok")
    assert (dead, told_then[0].status) == (None, "warning")
    assert told_then[0].seen == "embedded (k6spec up): its receiver ails: it died"


def test_a_running_stack_without_its_jaeger_takes_spans_all_the_same(tmp_path, monkeypatch):
    config = Config(root=tmp_path, stack="embedded")
    lifetime = choose_stack(config, {}).lifetime
    lifetime.stack.start()
    kept = lifetime.keep("up")
    jaeger = Part(name="jaeger", ailment="it died", needed=False)
    monkeypatch.setattr(type(lifetime.stack), "parts", lambda _stack: (jaeger,))
    found, (told,) = running(config)
    KeptFile(tmp_path).remove()

    assert (found, told.status) == (kept, "warning")
    assert told.seen.endswith("but it has no links, as its jaeger ails")


def test_a_stack_of_another_host_is_no_running_one(tmp_path):
    kept = KeptStack(
        kind="embedded",
        id="0a1b2c3d",
        origin="up",
        started="2026-11-22T20:00:00+00:00",
        place={"k6spec.host": "another"},
        settings={},
        endpoints=Endpoints(otlp_grpc="http://127.0.0.1:4317", otlp_http="http://127.0.0.1:4318"),
        ui=None,
        found={},
    )
    KeptFile(tmp_path).write(kept)
    found, (told,) = running(Config(root=tmp_path))
    assert found is None
    assert "is passed over" in told.seen


def test_each_check_has_a_name_of_its_own():
    assert len(set(CHECKS.values())) == len(CHECKS)
