"""Which stack that runs already is adopted, and what becomes of a stack at the end. On real, embedded stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from k6spec.config import Config
from k6spec.errors import ConfigError, StackFault, UsageError
from k6spec.process import process_begun
from k6spec.stack.base import LastingStack
from k6spec.stack.choose import Choice, choose_stack, lasting_maker
from k6spec.stack.kept import KeptFile, KeptStack, Origin
from k6spec.stack.lifetime import Lifetime, end_kept, taken_over
from tests.integration.conftest import eventually

pytestmark = pytest.mark.timeout(60)

NO_DOCKER = "unix:///nowhere/docker.sock"
CI = {"CI": "true"}


class Workspace:
    """A workspace whose settings are those of ``config``; remembers what was said."""

    def __init__(self, root: Path) -> None:
        self.config = Config(root=root)
        self.file = KeptFile(root)
        self.said: list[str] = []

    def keep(self, origin: Origin, **settings: object) -> KeptStack:
        """Starts an embedded stack and keeps it."""
        config = replace(self.config, **{"stack": "embedded", **settings})  # type: ignore[arg-type]
        lifetime = choose_stack(config, {}).lifetime
        assert lifetime is not None
        lifetime.stack.start()
        return lifetime.keep(origin)

    def choose(self, environ: Mapping[str, str] | None = None, **settings: object) -> Choice:
        """The stack of a session."""
        config = replace(self.config, **settings)  # type: ignore[arg-type]
        return choose_stack(config, environ or {}, say=self.said.append)

    def adopts(self, environ: Mapping[str, str] | None = None, **settings: object) -> bool:
        """Whether a session adopts the stack that runs already; it then lets go of it."""
        lifetime = self.choose(environ, **settings).lifetime
        assert lifetime is not None
        if lifetime.adopted is None:
            return False
        lifetime.let_go()
        return True

    def pids(self) -> list[int]:
        """Pids of what the kept stack consists of, as far as it runs."""
        kept = self.file.read()
        if kept is None:
            return []
        found: dict[str, list[int]] = {**kept.found["programs"], "": kept.found["holder"]}  # type: ignore[dict-item]
        return [pid for pid, *_ in found.values() if process_begun(pid) is not None]

    def down(self) -> KeptStack | None:
        """``k6spec down``."""
        return end_kept(self.file, make=lasting_maker(self.config), say=self.said.append)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """An empty one on a host without Docker and programs; its stack is ended with the test."""
    monkeypatch.setenv("DOCKER_HOST", NO_DOCKER)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    made = Workspace(tmp_path)
    yield made
    made.file.remove()  # what still runs ends with it


def of(choice: Choice) -> Lifetime:
    assert choice.lifetime is not None
    return choice.lifetime


class TestAdopting:
    @pytest.mark.parametrize("origin", ["up", "session"])
    @pytest.mark.parametrize("stack", ["auto", "embedded"])
    def test_one_of_the_same_settings(self, workspace: Workspace, origin: Origin, stack: str) -> None:
        kept = workspace.keep(origin)

        choice = workspace.choose(stack=stack)

        assert choice.stack.endpoints() == kept.endpoints
        assert of(choice).adopted == kept
        words = {"up": "k6spec up", "session": "kept by a session"}[origin]
        assert choice.reason == f"it already runs ({words}; k6spec down ends it)"
        of(choice).let_go()

    def test_a_named_one_says_that_it_is_not_new(self, workspace: Workspace) -> None:
        workspace.keep("up")

        assert workspace.adopts(stack="embedded")
        assert workspace.said == ["stack embedded: the one that runs already (k6spec up)"]

    def test_other_settings_of_another_kind_do_not_matter(self, workspace: Workspace) -> None:
        workspace.keep("up")

        assert workspace.adopts(jaeger_max_traces=7, collector_image="another")

    def test_in_ci_auto_takes_what_was_started_for_it_and_nothing_that_was_left(
        self, workspace: Workspace
    ) -> None:
        workspace.keep("up")
        assert workspace.adopts(CI)
        workspace.down()
        workspace.keep("session")

        assert not workspace.adopts(CI)

        assert workspace.said[-1].endswith("(kept by a session) is ended, as this is CI")
        assert workspace.file.read() is None

    def test_external_has_no_use_for_it(self, workspace: Workspace) -> None:
        workspace.keep("up")

        choice = workspace.choose(
            stack="external", otlp_grpc="http://c:1", otlp_http="http://c:2", receiver="127.0.0.1:4319"
        )

        assert choice.lifetime is None
        assert workspace.said == []


class TestAnotherThanIsAskedFor:
    @pytest.mark.parametrize(
        ("settings", "why"),
        [
            ({"stack": "process"}, "the settings name process"),
            ({"otlp_grpc_port": 1}, "it has other ports (otlp_grpc_port: 1 here, "),
        ],
    )
    def test_of_k6spec_up_is_left_alone(self, workspace: Workspace, settings: dict[str, object], why: str) -> None:
        workspace.keep("up")

        assert not workspace.adopts(**settings)

        assert f"the embedded stack that runs already (k6spec up) is left alone, as {why}" in workspace.said[0]
        assert len(workspace.pids()) == 2

    def test_of_an_earlier_session_is_ended(self, workspace: Workspace) -> None:
        kept = workspace.keep("session")
        pids = workspace.pids()

        assert not workspace.adopts(stack="process")

        assert workspace.said == [
            "the embedded stack that runs already (kept by a session) is ended, as the settings name process"
        ]
        assert [pid for pid in pids if process_begun(pid) is not None] == []
        assert not workspace.file.path.exists()
        assert not Path(str(kept.found["receiver"]["spool"])).exists()  # type: ignore[index]

    def test_that_another_session_uses_is_left_to_it(self, workspace: Workspace) -> None:
        workspace.keep("session")
        other = of(workspace.choose())

        assert not workspace.adopts(stack="process")

        assert workspace.said[-1].endswith("is left alone, as the settings name process")
        assert len(workspace.pids()) == 2
        other.let_go()

    def test_the_setting_that_differs_is_named(self, workspace: Workspace) -> None:
        kept = workspace.keep("up")
        settings = {**kept.settings, "k6spec": "0.0.1, configuration 0"}
        workspace.file.write(replace(kept, settings=settings))

        assert not workspace.adopts()

        assert "as it was made with other settings (k6spec: " in workspace.said[0]
        assert "'0.0.1, configuration 0' there" in workspace.said[0]


class TestADeadOne:
    @pytest.mark.parametrize("origin", ["up", "session"])
    def test_is_removed_and_said_to_be(self, workspace: Workspace, origin: Origin) -> None:
        kept = workspace.keep(origin)
        stack = taken_over(kept, lasting_maker(workspace.config))
        stack.stop()

        assert not workspace.adopts()

        assert "is ended, as its receiver ails: it died" in workspace.said[0]
        assert not workspace.file.path.exists()


class TestAFileThatTellsNothing:
    @pytest.mark.parametrize(
        ("text", "words"), [("{", "cannot be read"), ('{"format": 9}', "has format 9, this k6spec reads up to 1")]
    )
    def test_is_said_in_words_and_left(self, workspace: Workspace, text: str, words: str) -> None:
        workspace.file.path.parent.mkdir()
        workspace.file.path.write_text(text)

        assert not workspace.adopts()

        assert words in workspace.said[0]
        assert workspace.file.path.read_text() == text

    def test_as_it_came_from_another_workspace(self, workspace: Workspace, tmp_path: Path) -> None:
        kept = workspace.keep("session")
        copy = Workspace(tmp_path / "copy")
        copy.file.write(kept)

        assert not copy.adopts()

        assert "another user, workspace or host, and is passed over" in copy.said[0]
        assert copy.down() is None
        assert not copy.file.path.exists()
        assert len(workspace.pids()) == 2

    @pytest.mark.parametrize("found", [{}, {"holder": "x", "programs": 3}, {"holder": [1, "x"], "programs": {}}])
    def test_what_its_kind_needs(self, workspace: Workspace, found: dict[str, object]) -> None:
        kept = workspace.keep("up")
        workspace.file.write(replace(kept, found=found))

        assert not workspace.adopts()

        assert "is passed over: what was written of it cannot be read" in workspace.said[0]

    def test_of_a_kind_that_there_is(self, workspace: Workspace) -> None:
        workspace.file.write(replace(workspace.keep("up"), kind="kubernetes"))

        assert not workspace.adopts()

        assert "is passed over: there is no stack 'kubernetes'" in workspace.said[0]


class TestTheEnd:
    def test_of_a_session_leaves_what_k6spec_up_started(self, workspace: Workspace) -> None:
        workspace.keep("up")

        assert of(workspace.choose()).end(keep=False) is None

        assert len(workspace.pids()) == 2

    def test_of_a_session_ends_what_an_earlier_one_kept(self, workspace: Workspace) -> None:
        workspace.keep("session")
        lifetime = of(workspace.choose())
        pids = workspace.pids()

        assert lifetime.end(keep=False) is None
        assert lifetime.end(keep=False) is None

        assert [pid for pid in pids if process_begun(pid) is not None] == []
        assert not workspace.file.path.exists()

    def test_of_a_session_leaves_it_to_another_that_uses_it(self, workspace: Workspace) -> None:
        workspace.keep("session")
        first, second = of(workspace.choose()), of(workspace.choose())

        assert first.end(keep=False) == "the stack is left to another session that uses it"
        assert len(workspace.pids()) == 2

        assert second.end(keep=False) is None
        assert workspace.pids() == []

    def test_of_a_session_never_keeps_what_shows_nothing(self, workspace: Workspace) -> None:
        lifetime = of(workspace.choose(stack="embedded"))
        lifetime.stack.start()

        assert lifetime.end(keep=True) is None

        assert not workspace.file.path.exists()
        assert lifetime.stack.parts() == []

    def test_of_a_stack_that_did_not_come_up_is_no_keeping(self, workspace: Workspace) -> None:
        lifetime = of(workspace.choose(stack="process", otelcol="/nowhere"))

        assert lifetime.end(keep=True) is None


class TestKeeping:
    def test_a_second_one_is_refused_in_words(self, workspace: Workspace) -> None:
        workspace.keep("up")
        lifetime = of(workspace.choose(stack="embedded", otlp_grpc_port=15_999))
        lifetime.stack.start()

        with pytest.raises(StackFault, match="kept already") as caught:
            lifetime.keep("session")

        assert "k6spec down" in caught.value.advice
        assert lifetime.stack.parts()
        lifetime.stack.stop()
        assert len(workspace.pids()) == 2

    def test_an_adopted_one_by_k6spec_up_makes_it_that_ones(self, workspace: Workspace) -> None:
        kept = workspace.keep("session")

        of(workspace.choose()).keep("up")

        assert workspace.file.read() == replace(kept, origin="up")
        assert len(workspace.pids()) == 2

    def test_where_nothing_can_be_written_leaves_the_stack_to_us(self, workspace: Workspace) -> None:
        (workspace.config.root / ".k6spec").write_text("")
        lifetime = of(workspace.choose(stack="embedded"))
        lifetime.stack.start()

        with pytest.raises(StackFault, match="cannot be written"):
            lifetime.keep("up")

        assert [part.ailment for part in lifetime.stack.parts()] == [None]
        lifetime.stack.stop()
        (workspace.config.root / ".k6spec").unlink()


class TestDown:
    def test_ends_what_a_session_uses_and_says_so(self, workspace: Workspace) -> None:
        kept = workspace.keep("up")
        using = of(workspace.choose())

        assert workspace.down() == kept

        assert workspace.said[-1] == "a session that uses the stack will miss it"
        assert [part.ailment for part in using.stack.parts()] == ["it died"]
        assert workspace.down() is None
        using.let_go()

    def test_removes_a_damaged_file_and_what_it_told_of_ends(self, workspace: Workspace) -> None:
        workspace.keep("up")
        pids = workspace.pids()
        workspace.file.path.write_text("{")

        assert workspace.down() is None

        assert "the file is removed" in workspace.said[-1]
        assert not workspace.file.path.exists()
        assert eventually(lambda: all(process_begun(pid) is None for pid in pids), within=20)

    def test_leaves_a_newer_format_to_who_wrote_it(self, workspace: Workspace) -> None:
        workspace.file.path.parent.mkdir()
        workspace.file.path.write_text('{"format": 9}')

        with pytest.raises(StackFault, match="has format 9"):
            workspace.down()


PLUGIN = """
class Stack:
    name = "mine"
    def start(self): pass
    def endpoints(self, vantage="host"): pass
    def feed(self): pass
    def trace_url(self, trace_id, span_id=None): pass
    def viewer(self): pass
    def logs(self): return ""
    def stop(self): pass

def make(config, say):
    stack = Stack()
    stack.config = config
    return stack
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Installs a package that offers a stack called ``mine``."""

    def install() -> Path:
        info = tmp_path / "site" / "mine-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
        (info / "entry_points.txt").write_text("[k6spec.stacks]\nmine = mine_stack:make\n")
        (info.parent / "mine_stack.py").write_text(PLUGIN)
        monkeypatch.syspath_prepend(str(info.parent))
        return info.parent

    return install


def test_a_package_can_offer_a_stack_of_its_own(workspace: Workspace, installed: Callable[[], Path]) -> None:
    with pytest.raises(ConfigError, match="there is no stack 'mine'"):
        workspace.choose(stack="mine")
    installed()

    choice = workspace.choose(stack="mine")

    assert choice.stack.name == "mine"
    assert choice.lifetime is None
    assert not isinstance(choice.stack, LastingStack)
    with pytest.raises(UsageError, match="the mine stack cannot outlive"):
        lasting_maker(workspace.config)("mine")
