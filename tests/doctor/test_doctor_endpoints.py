"""The system under test and the trace source, where the settings say where they are."""

import pytest

from k6spec.doctor.endpoints import source, system_under_test
from tests.support.answering import Answer, answering
from tests.support.certificates import make_certificates


@pytest.mark.parametrize("status", [200, 404])
def test_whatever_a_system_answers_it_is_there(case, status):
    with answering(lambda _asked: Answer(status=status)) as url:
        found, clock = system_under_test(case(base_url=url))
    assert found.status == clock.status == "ok"
    assert f"status {status}" in found.seen


def test_a_system_that_does_not_answer_is_a_problem_and_no_secret_of_its_address_is_shown(case):
    (found,) = system_under_test(case(base_url="http://user:s3cret@127.0.0.1:9/shop?token=s3cret#s3cret"))
    assert found.status == "problem"
    assert "http://127.0.0.1:9/shop does not answer" in found.seen
    assert "s3cret" not in str(found)


def test_a_certificate_that_is_not_trusted_is_told(case, tmp_path):
    certificates = make_certificates(tmp_path)
    with answering(lambda _asked: Answer(), tls=certificates.server_tls(wants_client=False)) as url:
        (found,) = system_under_test(case(base_url=url))
    assert found.status == "warning"
    assert "is not trusted" in found.seen


def test_without_base_url_specs_say_where_the_system_is(case):
    assert [finding.status for finding in system_under_test(case())] == ["not needed"]


def test_a_source_that_answers_is_told_with_its_clock(case):
    def tempo(asked):
        return Answer(body=b"echo") if asked.path == "/api/echo" else Answer(status=404)

    with answering(tempo) as url:
        found, clock = source(case("external", source={"kind": "tempo", "url": url}))
    assert found.status == clock.status == "ok"
    assert f"tempo at {url} answers" in found.seen


@pytest.mark.parametrize(("stack", "status"), [("external", "problem"), ("embedded", "not needed")])
def test_a_source_that_does_not_answer_hinders_the_stack_that_reads_it(case, stack, status):
    (found,) = source(case(stack, source={"kind": "tempo", "url": "http://127.0.0.1:9"}))
    assert found.status == status
    assert "http://127.0.0.1:9" in found.seen


def test_a_source_that_cannot_be_is_told_in_words(case):
    (found,) = source(case("external", source={"kind": "tempos"}))
    assert found.status == "problem"
    assert "tempos" in found.seen


def test_what_is_wrong_with_the_address_of_a_source_is_told_without_its_secrets(case):
    (found,) = source(case("external", source={"kind": "tempo", "url": "http://u:s3cret@127.0.0.1:9/?key=s3cret"}))
    assert "127.0.0.1:9/" in found.seen
    assert "s3cret" not in str(found)


def test_a_source_of_files_has_no_clock(case, tmp_path):
    (tmp_path / "spans.json").write_text("")
    findings = list(source(case("external", source={"kind": "otlp-file", "path": "spans.json"})))
    assert [finding.topic for finding in findings] == ["trace source"]
