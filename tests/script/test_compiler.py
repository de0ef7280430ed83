"""What a load is compiled to."""

from __future__ import annotations

from pathlib import Path

import pytest

from k6spec.declare import flow
from k6spec.declare.load import declare_load
from k6spec.declare.profiles import constant_vus
from k6spec.declare.scenario import Scenario
from k6spec.errors import DeclarationError
from k6spec.script.compiler import compile_load
from k6spec.script.options import script_env, target_hosts

ONE_SECOND = constant_vus(1, "1s")


def test_hosts_that_get_context() -> None:
    load = declare_load(
        {
            "a": (Scenario.http(flow.get("/")), ONE_SECOND),
            "b": (Scenario.http(flow.get("/"), base_url="https://Own.test:8443/base"), ONE_SECOND),
        },
        None,
        propagate_to=["Api.test", "localhost:81", "*.shop.test", "http://u:p@url.test:82/x"],
    )
    assert target_hosts(load, "http://sut.test:8080") == [
        *("*.shop.test", "api.test", "localhost:81", "own.test", "sut.test", "url.test:82"),
    ]
    assert target_hosts(load, "http://[::1]:8080")[1] == "[::1]"


@pytest.mark.parametrize("host", ["", "a.test/path", "a b"])
def test_what_is_no_host_is_refused(host: str) -> None:
    load = declare_load(Scenario.http(flow.get("/")), ONE_SECOND, propagate_to=[host])
    with pytest.raises(DeclarationError, match="write a host"):
        target_hosts(load, "http://sut.test")


def test_values_that_two_scripts_disagree_on_are_not_shared(tmp_path: Path) -> None:
    path = tmp_path / "a.js"
    path.touch()
    one, two = (Scenario.script(path, env={"SAME": "1", "OTHER": other}) for other in "ab")
    load = declare_load({"one": (one, ONE_SECOND), "two": (two, ONE_SECOND)}, None)
    assert script_env(load) == {"SAME": "1"}


def test_a_compiled_folder_is_self_contained_but_for_the_users_script(tmp_path: Path) -> None:
    script = tmp_path / "user.js"
    script.touch()
    load = declare_load(Scenario.script(script), ONE_SECOND)
    compiled = compile_load(load, run_key=bytes.fromhex("0000000a"), base_url="http://x", out=tmp_path / "out")
    files = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.js")}
    assert {"entry.js", "settings.js", "runtime/http.js", "runtime/context.js", "runtime/ids.js"} <= files
    assert '"runKey": "0000000a"' in (tmp_path / "out" / "settings.js").read_text()
    assert compiled.env == {"BASE_URL": "http://x"}
    entry = compiled.entry.read_text()
    assert entry.index("./runtime/http.js") < entry.index(script.as_uri())


@pytest.mark.parametrize("key", [b"", b"abc", b"abcde", bytes(4)])
def test_a_wrong_run_key_is_refused(tmp_path: Path, key: bytes) -> None:
    load = declare_load(Scenario.http(flow.get("/")), ONE_SECOND)
    with pytest.raises(ValueError, match="give 4 bytes"):
        compile_load(load, run_key=key, base_url="http://x", out=tmp_path)
