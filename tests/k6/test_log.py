"""Reading k6.log."""

from __future__ import annotations

from pathlib import Path

from k6spec.k6.exit_codes import meaning
from k6spec.k6.log import read_log, shorten

THROWN = (
    'time="2026-11-22T18:41:08Z" level=error msg="Error: boom\\nsecond \\"x\\"'
    "\\n\\tat default (file:///u.js:14:19(72))"
    '\\n\\tat run (file:///r/script/runtime/scenario.js:4:39(4))\\n" executor=per-vu-iterations scenario=s '
    "source=stacktrace\n"
)


def test_script_errors_are_counted_and_the_first_is_told_without_our_frames(tmp_path: Path) -> None:
    path = tmp_path / "k6.log"
    said = 'time="…" level=error msg="user said" source=console\n'
    path.write_text(said + THROWN + THROWN.replace("boom", "later") + "http_reqs: 1\n")
    log = read_log(path)
    assert log.script_errors == 2
    assert log.first_script_error == 'Error: boom\nsecond "x"\n\tat default (file:///u.js:14:19(72))'
    assert log.first_error == "user said"
    assert log.tail.endswith("http_reqs: 1")


def test_a_huge_log_loses_its_middle(tmp_path: Path) -> None:
    path = tmp_path / "k6.log"
    path.write_text("begin\n" + THROWN * 90_000 + "end\n")
    shorten(path)
    text = path.read_text()
    assert len(text) < 5_000_000
    assert text.startswith("begin")
    assert text.endswith("end\n")
    assert "k6spec cut" in text


def test_every_exit_code_has_words() -> None:
    assert "setup()" in meaning(100).cause
    assert "SIGKILL" in meaning(137).cause
    assert "memory" in meaning(137).advice
    assert "SIGSEGV" in meaning(-11).cause
    assert "exit code 1" in meaning(1).cause
    assert all(meaning(code).advice for code in range(1, 256))
