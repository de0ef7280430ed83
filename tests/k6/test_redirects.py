"""Redirects: what k6 alone sends and reports is what it sends and reports under k6spec, but for the context."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from tests.k6.echo_server import Seen
from tests.k6.real_runs import Runner
from tests.k6.test_context import traceparent

CONTEXT = {"traceparent", "tracestate", "x-correlation-id"}
# Go's client before 1.26 sends the type of a body on though the redirect dropped the body; k6spec never does.
OF_A_DROPPED_BODY = {"content-type"}

SCRIPT = """
import http from 'k6/http';
export const options = { maxRedirects: 6 };
function shown(answer) {
  const { status, url, error_code, request, headers, cookies } = answer;
  const location = headers.Location;
  return { status, url, error_code, location, cookies: Object.keys(cookies), sent: [request.method, request.url] };
}
export default async function () {
  const at = (status, to) => `SUT/hop/${status}?to=${encodeURIComponent(to)}`;
  const elsewhere = 'OTHER/there';
  const answers = [];
  for (const status of [300, 301, 302, 303, 304, 307, 308]) {
    answers.push(http.get(at(status, '/end')));
    answers.push(http.post(at(status, elsewhere), 'text', { headers: { 'Content-Type': 'a/b', Own: '1' } }));
    answers.push(http.put(at(status, at(302, '/end')), { form: 'x y' }));
  }
  answers.push(http.get('SUT/hop/302'));
  answers.push(http.head(at(302, at(307, elsewhere))));
  answers.push(http.get(at(302, at(302, at(302, '/end'))), { redirects: 1 }));
  answers.push(http.get(at(302, '/end'), { redirects: 0 }));
  let long = '/end';
  for (let i = 0; i < 5; i++) long = at(302, long);
  answers.push(http.get(long));
  for (const to of ['relative', './a/../b', '?q=1', '#part', '../up/', '/a b', elsewhere, '/%C3%A9']) {
    answers.push(http.get(at(302, to)));
  }
  const headers = { Authorization: 'secret', Referer: 'mine', Cookie: 'own=1', Host: 'virtual.test' };
  for (const to of ['/end', elsewhere, at(302, elsewhere)]) {
    answers.push(http.get(at(302, to), { headers: { ...headers }, cookies: { extra: 'e' } }));
  }
  answers.push(http.get(at(302, 'OTHER/hop/302?to=' + encodeURIComponent('SUT/back'))));
  answers.push(http.get(http.url`SUT/hop/302?to=${'/end'}`));
  answers.push(http.get(at(302, '/end'), { tags: { name: 'named' }, timeout: '5s' }));
  answers.push(await http.asyncRequest('POST', at(302, elsewhere), 'text'));
  answers.push(await http.asyncRequest('GET', at(307, '/end')));
  answers.push(...http.batch([at(302, '/end'), ['POST', at(307, elsewhere), 'text'], 'SUT/end']));
  answers.push(http.batch({ one: { url: at(302, at(302, '/end')), params: { headers: { Own: '1' } } } }).one);
  http.post('SUT/report', JSON.stringify(answers.map(shown)));
}
"""


def run_plainly(k6: Runner, source: str) -> None:
    """Runs a script with k6 alone."""
    subprocess.run(
        [str(k6.binary.path), "run", "--quiet", "--no-usage-report", "--address=", str(k6.script(source))],
        env=os.environ | {"K6_ITERATIONS": "1"},
        check=True,
        capture_output=True,
        timeout=60,
    )


def without_context(seen: list[Seen]) -> list[tuple[Any, ...]]:
    """What the server got, in an order that batches don't change."""
    ignored = CONTEXT | OF_A_DROPPED_BODY
    calls: list[tuple[Any, ...]] = [
        (each.method, each.path, {k: v for k, v in each.headers.items() if k not in ignored}, each.body)
        for each in seen
        if each.path != "/report"
    ]
    in_batches = 8
    return calls[:-in_batches] + sorted(calls[-in_batches:], key=repr)


def report(seen: list[Seen]) -> list[dict[str, Any]]:
    (found,) = (each.body for each in seen if each.path == "/report")
    answers: list[dict[str, Any]] = json.loads(found)
    return answers


def test_redirects_are_followed_as_k6_alone_follows_them(k6: Runner) -> None:
    run_plainly(k6, SCRIPT)
    plain, k6.server.seen = k6.server.seen, []
    ran = k6.run(k6.load(SCRIPT))
    assert ran.result.first_script_error is None
    for theirs, ours in zip(report(plain), report(k6.server.seen), strict=True):
        assert ours == theirs
    for theirs, ours in zip(without_context(plain), without_context(k6.server.seen), strict=True):
        assert ours == theirs
    assert len(ran.requests) == len(k6.server.seen)


def test_context_does_not_follow_a_redirect_off_the_systems_hosts(k6: Runner) -> None:
    ran = k6.run(k6.load(SCRIPT))
    there = [seen for seen in k6.server.seen if seen.headers["host"].startswith("localhost")]
    here = [seen for seen in k6.server.seen if not seen.headers["host"].startswith("localhost")]
    assert len(there) > 5
    assert not [seen.path for seen in there if CONTEXT & set(seen.headers)]
    assert not [seen.path for seen in here if not set(seen.headers) >= CONTEXT]
    assert not [row["url"] for row in ran.requests if "://localhost" in row["url"] and row["trace_id"]]
    assert {seen.headers["traceparent"] for seen in here} == {
        traceparent(row) for row in ran.requests if row["trace_id"]
    }


def test_a_chain_that_leaves_and_comes_back_is_one_trace(k6: Runner) -> None:
    back = "OTHER/hop/302?to=SUT/back"
    ran = k6.run(
        k6.load(
            f"""
            import http from 'k6/http';
            import {{ check }} from 'k6';
            export default function () {{
              http.get('SUT/hop/302?to={back}');
              check(null, {{ after: () => true }});
            }}
            """
        )
    )
    first, away, last = ran.requests
    assert (first["hop"], away["trace_id"], last["hop"]) == (0, None, 1)
    assert (first["trace_id"], first["span_id"]) == (last["trace_id"], last["span_id"])
    (check,) = [row for row in ran.samples if row["metric"] == "checks"]
    assert check["trace_id"] == first["trace_id"]
