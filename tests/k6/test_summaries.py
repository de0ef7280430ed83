"""What k6 says at the end of a load, kept."""

from __future__ import annotations

import json

from k6spec.declare.profiles import per_vu_iterations
from k6spec.declare.scenario import Scenario
from k6spec.k6.summary import SUMMARY
from tests.k6.real_runs import Runner


def test_the_summary_says_which_thresholds_held(k6: Runner) -> None:
    ran = k6.run(
        k6.load(
            """
            import http from 'k6/http';
            export const options = { thresholds: { http_reqs: ['count>0', 'count>1000'] } };
            export default () => { http.get('SUT/x'); };
            """
        )
    )
    summary = json.loads((ran.result.log_path.parent / SUMMARY).read_text())
    requests = summary["metrics"]["http_reqs"]
    assert requests["values"]["count"] == 1
    assert requests["thresholds"] == {"count>0": {"ok": True}, "count>1000": {"ok": False}}
    assert "http_req_duration" in ran.result.log_path.read_text()


def test_the_summaries_of_several_scripts_are_all_written_into_the_runs_folder(k6: Runner) -> None:
    def script(name: str) -> str:
        return f"""
            import http from 'k6/http';
            export default () => {{ http.get('SUT/{name}'); }};
            export function handleSummary(data) {{
              return {{ '{name}.json': JSON.stringify(data.metrics.http_reqs.values) }};
            }}
        """

    one, two = (Scenario.script(k6.script(script(name), f"{name}.js")) for name in ("one", "two"))
    ran = k6.run(k6.parts(a=(one, per_vu_iterations(1, 1)), b=(two, per_vu_iterations(1, 1))))
    folder = ran.result.log_path.parent
    assert [json.loads((folder / f"{name}.json").read_text())["count"] for name in ("one", "two")] == [2, 2]
