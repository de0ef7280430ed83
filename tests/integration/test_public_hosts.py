"""A script that requests a public host: nothing is sent there, and the session says what to write."""

from __future__ import annotations

from tests.integration.conftest import Project
from tests.support.server import counting_server

SPEC = """
import k6spec
from k6spec import Run, Scenario, per_vu_iterations

pytestmark = k6spec.load(Scenario.script("load.js"), per_vu_iterations(1, 1))

def test_count(run: Run) -> None:
    assert run.http().count >= 1
"""
LOAD = """
import http from 'k6/http';
export const options = { blacklistIPs: ['10.0.0.0/8'] };
export default () => { http.get(__ENV.BASE_URL); http.get('http://8.8.8.8/typo?token=hunter2222'); };
"""


def test_a_script_that_requests_a_public_host_is_refused_and_told_what_to_write(project: Project) -> None:
    project.write(SPEC, load_js=LOAD)
    with counting_server() as server, counting_server() as proxy:
        project.env |= {"K6SPEC_BASE_URL": server.url, "K6SPEC_SETTLE": "100ms", "HTTP_PROXY": proxy.url}
        ended = project.run()

    assert proxy.paths == []
    assert ended.code != 0
    assert (
        "this would load 8.8.8.8, which is neither loopback nor a private address; nothing was sent" in ended.text
    )
    assert 'allow_hosts = ["8.8.8.8"]' in ended.text
    assert "hunter2222" not in ended.text
    assert "Traceback" not in ended.text
