"""Which tests share a load. Loads are real: k6 against a server that counts."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import Specs
from tests.support.server import CountingServer

ONCE = "from k6spec import shared_iterations\npytestmark = k6spec.load(buy, shared_iterations(1, 1))\n"
CLAIM = "    assert run.http().count >= 1\n"


def test_tests_of_a_module_judge_one_load(live: Specs, server: CountingServer) -> None:
    live.write(f"{ONCE}\ndef test_a(run):\n{CLAIM}\ndef test_b(run):\n{CLAIM}")

    result = live.run()

    result.assert_outcomes(passed=2)
    assert server.paths.count("/checkout") == 1
    result.stdout.fnmatch_lines(["*.k6spec/runs/*: evidence (stream): 1 request, 1 sampled, 0 complete traces*"])


def test_equal_declarations_in_two_modules_are_one_load(live: Specs, server: CountingServer) -> None:
    live.write(f"{ONCE}\ndef test_a(run):\n{CLAIM}")
    live.pytester.makepyfile(test_other=(live.pytester.path / "test_spec.py").read_text())

    live.run().assert_outcomes(passed=2)

    assert server.paths.count("/checkout") == 1


def test_the_nearest_load_wins(live: Specs, server: CountingServer) -> None:
    live.write(f"""{ONCE}
other = Scenario.http(flow.get("/other"))
third = Scenario.http(flow.get("/third"))

@k6spec.load(other, shared_iterations(1, 1))
class TestOther:
    def test_class(self, run):
        assert run.http("GET /other").count >= 1

    @k6spec.load(third, shared_iterations(1, 1))
    def test_function(self, run):
        assert run.http("GET /third").count >= 1

def test_module(run):
    assert run.http("GET /checkout").count >= 1
""")

    live.run().assert_outcomes(passed=3)

    assert sorted(path for path in server.paths if path != "/") == ["/checkout", "/other", "/third"]


def test_a_fixture_that_could_change_the_system_gets_a_load_of_its_own(
    live: Specs, server: CountingServer
) -> None:
    live.write(f"""{ONCE}
@pytest.fixture
def cache_off():
    yield

def test_ordinary(run):
{CLAIM}
def test_without_cache(cache_off, run):
{CLAIM}
def test_without_cache_again(run, cache_off):
{CLAIM}""")

    live.run().assert_outcomes(passed=3)

    assert server.paths.count("/checkout") == 2


def test_fixtures_are_set_up_before_the_load(live: Specs) -> None:
    live.write(f"""{ONCE}
import os
@pytest.fixture
def cache_off():
    os.environ["LOADED_BEFORE"] = str(len(list(__import__("pathlib").Path(".k6spec").rglob("run.json"))))
    yield

def test_x(run, cache_off):
    assert os.environ["LOADED_BEFORE"] == "0"
{CLAIM}""")

    live.run().assert_outcomes(passed=1)


def test_shared_over_names_harmless_fixtures(live: Specs, server: CountingServer) -> None:
    live.write(f"""
pytestmark = k6spec.load(buy, shared_iterations(1, 1), shared_over=["logged_in"])
@pytest.fixture
def logged_in():
    yield

def test_a(run):
{CLAIM}
def test_b(run, logged_in):
{CLAIM}
def test_c(run, tmp_path, monkeypatch, capsys):
{CLAIM}""")

    live.run().assert_outcomes(passed=3)

    assert server.paths.count("/checkout") == 1


def test_parameters_of_a_fixture_make_loads_those_of_the_test_do_not(live: Specs, server: CountingServer) -> None:
    live.write(f"""{ONCE}
@pytest.fixture(params=["redis", "none"])
def cache(request):
    return request.param

@pytest.mark.parametrize("least", [1, 0])
def test_x(run, cache, least):
    assert run.http().count >= least
""")

    live.run().assert_outcomes(passed=4)

    assert server.paths.count("/checkout") == 2


def test_a_load_can_depend_on_fixtures(live: Specs, server: CountingServer) -> None:
    live.write("""
@pytest.fixture(params=[1, 3])
def iterations(request):
    return request.param

@pytest.fixture
def k6spec_load(iterations):
    return k6spec.load(buy, shared_iterations(1, iterations))

def test_x(run, iterations):
    assert run.http().count >= iterations
""")

    live.run().assert_outcomes(passed=2)

    assert server.paths.count("/checkout") == 4


def test_parametrised_loads(live: Specs, server: CountingServer) -> None:
    live.write("""
def load(count):
    return pytest.param(count, marks=k6spec.load(buy, shared_iterations(1, count)))

@pytest.mark.parametrize("count", [load(1), load(2)])
def test_x(run, count):
    assert run.http().count >= count
    assert run.http().count <= count
""")

    live.run().assert_outcomes(passed=2)

    assert server.paths.count("/checkout") == 3


class TestFaults:
    def test_are_errors_in_full_once_and_in_a_line_after(
        self, specs: Specs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("K6SPEC_BASE_URL", "http://127.0.0.1:9")
        specs.write(f"{ONCE}\ndef test_a(run):\n{CLAIM}\ndef test_b(run):\n{CLAIM}")

        result = specs.run()

        result.assert_outcomes(errors=2)
        result.stdout.fnmatch_lines(
            [
                "FAULT the system under test does not answer at http://127.0.0.1:9/*",
                "What to do: start it, or set base_url to where it answers",
                "FAULT the same load failed before, in test_spec.py::test_a: the system under test does not*",
            ]
        )
        result.stdout.no_fnmatch_line("*Traceback*")

    def test_reruns_do_not_load_again(self, live: Specs, server: CountingServer) -> None:
        live.write(f"{ONCE}\ndef test_a(run):\n    assert run.http().count > 99\n")

        result = live.run("--reruns", "2")

        result.stdout.fnmatch_lines(["*1 failed, 2 rerun*"])
        assert server.paths.count("/checkout") == 1

    def test_a_system_that_breaks_under_the_load_is_named_beside_the_ledger(self, live: Specs) -> None:
        live.write(f"{ONCE}\ndef test_a(run):\n{CLAIM}")
        live.pytester.makeconftest("""
import pytest, k6spec
class Fragile(k6spec.AddressSut):
    checks = 0
    def check(self):
        self.checks += 1
        if self.checks > 2:
            raise k6spec.SutFault("it fell over")
@pytest.fixture(scope="session")
def k6spec_sut(pytestconfig):
    import os
    return Fragile(os.environ["K6SPEC_BASE_URL"])
""")

        result = live.run()

        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["  after the load: it fell over"])

    @pytest.mark.parametrize("table", ["[tool.k6spec]", "[tool.k6spec.env.near]"], ids=["settings", "environment"])
    def test_the_address_of_an_environment_takes_the_place_of_a_system_that_specs_start(
        self, live: Specs, server: CountingServer, monkeypatch: pytest.MonkeyPatch, table: str
    ) -> None:
        monkeypatch.delenv("K6SPEC_BASE_URL")
        live.pytester.makepyprojecttoml(f'{table}\nbase_url = "{server.url}"')
        live.write(
            f"{ONCE}\ndef test_a(run):\n{CLAIM}\ndef test_b(run):\n{CLAIM}",
            conftest="""
import pytest, k6spec
@pytest.fixture(scope="session")
def k6spec_sut():
    return k6spec.CommandSut(["no-such-program"])
""",
        )

        result = live.run(*(["--k6spec-env", "near"] if "env" in table else []))

        result.assert_outcomes(**({"passed": 2} if "env" in table else {"errors": 2}))
        assert server.paths.count("/checkout") == ("env" in table)

    def test_without_a_system_it_says_how_to_name_one(self, specs: Specs) -> None:
        specs.write(f"{ONCE}\ndef test_a(run):\n{CLAIM}")

        result = specs.run()

        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(
            ["FAULT there is no system under test", "What to do: give --k6spec-base-url URL*"]
        )


def test_collect_only_starts_nothing(specs: Specs) -> None:
    specs.write(f"{ONCE}\ndef test_a(run):\n{CLAIM}")

    result = specs.run("--collect-only", "-q")

    result.stdout.fnmatch_lines(["test_spec.py::test_a"])
    assert not (specs.pytester.path / ".k6spec").exists()


@pytest.mark.parametrize("options", [["-k", "test_a"], ["-x"], ["--lf"], ["-p", "randomly"], ["--timeout", "60"]])
def test_pytests_own_options_work(live: Specs, server: CountingServer, options: list[str]) -> None:
    live.write(f"{ONCE}\ndef test_a(run):\n{CLAIM}\ndef test_b(run):\n{CLAIM}")

    result = live.run(*options)

    assert result.ret == 0
    assert server.paths.count("/checkout") == 1


def test_last_failed_judges_an_archived_run_for_free(live: Specs, server: CountingServer) -> None:
    live.write(f"{ONCE}\ndef test_a(run):\n    assert run.http().count > 99\n\ndef test_b(run):\n{CLAIM}")
    arguments = ("-p", "no:randomly")
    live.pytester.runpytest_inprocess(*arguments).assert_outcomes(failed=1, passed=1)

    result = live.pytester.runpytest_inprocess(*arguments, "--lf", "--k6spec-replay", "last")

    result.assert_outcomes(failed=1)
    assert server.paths.count("/checkout") == 1


def test_xdist_is_a_clear_error(live: Specs, server: CountingServer) -> None:
    live.write(f"{ONCE}\ndef test_a(run):\n{CLAIM}")

    result = live.run("-n", "2")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*USAGE loads cannot run under pytest-xdist*"])
    assert not server.paths


def test_an_environment_overrides_the_profile(live: Specs, server: CountingServer) -> None:
    live.pytester.makepyprojecttoml(
        "[tool.k6spec.env.nightly.profile]\niterations = 3\n[tool.k6spec.env.nightly.limits]\nmost = 2"
    )
    live.write(
        f"{ONCE}\nfrom k6spec import limit\ndef test_a(run):\n    assert run.http().count <= limit('most', 1)\n"
    )

    live.run().assert_outcomes(passed=1)
    live.run("--k6spec-env", "nightly").assert_outcomes(failed=1)

    assert server.paths.count("/checkout") == 4
    newest = sorted(live.runs.glob("*/run.json"))[-1]
    environment = json.loads(newest.read_text())["environment"]
    assert (environment["name"], environment["overrides"]["profile"]) == ("nightly", {"iterations": 3})


def test_the_load_that_ran_before_is_recorded(live: Specs) -> None:
    live.write(f"""{ONCE}
def test_a(run):
{CLAIM}
@k6spec.load(buy, shared_iterations(1, 2))
def test_b(run):
{CLAIM}""")

    live.run().assert_outcomes(passed=2)

    first, second = (
        json.loads(path.read_text())
        for path in sorted(live.runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
    )
    assert {first["previous_run"], second["previous_run"]} == {None, first["run_id"]}


def test_a_session_without_specs_knows_nothing_of_k6spec(specs: Specs) -> None:
    specs.pytester.makepyprojecttoml("[tool.k6spec]\nnonsense = 1")
    specs.pytester.makepyfile(
        test_plain="""
import sys
def test_imports():
    assert not {name for name in sys.modules if name.startswith(("duckdb", "pyarrow", "grpc", "numpy"))}
"""
    )

    result = specs.pytester.runpytest_subprocess("-p", "no:randomly")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*k6spec*/runs*")


def test_the_header_says_which_load_of_a_script_the_declared_profile_replaces(live: Specs) -> None:
    live.pytester.path.joinpath("theirs.js").write_text(
        "import http from 'k6/http';\n"
        "export const options = { vus: 50, duration: '5m' };\n"
        "export default () => { http.get(`${__ENV.BASE_URL}/checkout`); };"
    )
    live.write(
        f"buy = Scenario.script('theirs.js')\n{ONCE.partition(chr(10))[2]}\ndef test_a(run):\n{CLAIM}",
        head="import k6spec\nfrom k6spec import Scenario, shared_iterations\n",
    )

    result = live.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["k6spec: load: theirs: shared-iter*), in place of the script's own vus=50, duration=5m0s against *"]
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ('SutFault("Docker is gone", advice="start it")', "could not be ended: Docker is gone"),
        ('OSError("no such thing")', "could not be ended: OSError: no such thing"),
    ],
)
def test_a_system_that_cannot_be_ended_costs_no_reports(live: Specs, error: str, words: str) -> None:
    live.write(f"""{ONCE}
import k6spec
from k6spec.errors import SutFault

class Shop:
    def __init__(self, inner):
        self.inner = inner
    def __getattr__(self, name):
        return getattr(self.inner, name)
    def stop(self):
        raise {error}

@pytest.fixture(scope="session")
def k6spec_sut(k6spec_sut):
    return Shop(k6spec_sut)

def test_a(run, k6spec_stack):
{CLAIM}""")

    result = live.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"k6spec: Shop {words}"])
    result.stderr.no_fnmatch_line("*Traceback*")
    assert list(live.runs.glob("*/report.html"))
