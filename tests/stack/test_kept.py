"""``.k6spec/stack.json``: whose it is, who uses it, and what is said of one that cannot be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from k6spec.errors import StackFault
from k6spec.stack.base import Endpoints
from k6spec.stack.kept import Damaged, KeptFile, KeptStack
from k6spec.stack.lifetime import end_kept
from k6spec.stack.owner import place


@pytest.fixture
def file(tmp_path: Path) -> KeptFile:
    """The file of an empty workspace."""
    return KeptFile(tmp_path)


def a_stack(root: Path) -> KeptStack:
    """A stack of the workspace, as it is written down."""
    return KeptStack(
        kind="docker",
        id="0a1b2c3d",
        origin="up",
        started="2026-11-22T20:00:00+00:00",
        place=place(root),
        settings={"jaeger_max_traces": 5},
        endpoints=Endpoints(otlp_grpc="http://127.0.0.1:4317", otlp_http="http://127.0.0.1:4318"),
        ui=None,
        found={"ports": {"jaeger": {"ui": 16686}}},
    )


def test_what_is_written_is_read(file: KeptFile) -> None:
    stack = a_stack(file.root)
    assert file.read() is None
    assert file.kept_id() is None

    path = file.write(stack)

    assert file.read() == stack
    assert file.kept_id() == stack.id
    assert path == file.root / ".k6spec" / "stack.json"


def test_only_its_owner_can_read_it_and_git_does_not_see_it(file: KeptFile) -> None:
    path = file.write(a_stack(file.root))

    assert path.stat().st_mode & 0o777 == 0o600
    assert (path.parent / ".gitignore").read_text() == "*\n"
    assert sorted(found.name for found in path.parent.iterdir()) == [".gitignore", "stack.json"]


def test_it_is_removed_only_if_it_tells_of_that_stack(file: KeptFile) -> None:
    path = file.write(a_stack(file.root))

    file.remove("another")
    assert path.exists()

    file.remove("0a1b2c3d")
    file.remove("0a1b2c3d")
    assert not path.exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 1}', '{"format": "x", "kind": 3}', "\x00\xff"]
)
def test_a_damaged_one_is_said_in_words(file: KeptFile, text: str) -> None:
    file.write(a_stack(file.root)).write_text(text)

    for ask in (file.read, file.lease):
        with pytest.raises(Damaged, match=r"stack\.json cannot be read") as caught:
            ask()
        assert "k6spec down removes it" in caught.value.advice


def test_one_that_misses_something_is_damaged(file: KeptFile) -> None:
    path = file.write(a_stack(file.root))
    whole = json.loads(path.read_text())
    for name in whole:
        path.write_text(json.dumps({key: value for key, value in whole.items() if key != name}))
        with pytest.raises(Damaged):
            file.read()


def test_a_newer_format_is_refused_in_words_and_still_names_its_stack(file: KeptFile) -> None:
    file.write(a_stack(file.root)).write_text('{"format": 2, "id": "feedface", "what": "else"}')

    with pytest.raises(StackFault, match="has format 2, this k6spec reads up to 1") as caught:
        file.read()
    assert not isinstance(caught.value, Damaged)
    assert file.kept_id() == "feedface"


def test_a_copied_workspace_has_no_stack_of_its_own(file: KeptFile, tmp_path: Path) -> None:
    copy = KeptFile(tmp_path / "copy")
    copy.write(a_stack(file.root))

    read = copy.read()

    assert read is not None
    assert not copy.is_here(read)
    assert file.is_here(read)


@pytest.mark.parametrize("name", ["k6spec.user", "k6spec.host"])
def test_neither_has_another_user_or_another_host(file: KeptFile, name: str) -> None:
    stack = a_stack(file.root)

    assert not file.is_here(replace(stack, place={**stack.place, name: "another"}))


@pytest.mark.parametrize("name", ["k6spec.user", "k6spec.host"])
def test_what_another_user_or_another_host_has_in_the_same_folder_stays(file: KeptFile, name: str) -> None:
    stack = a_stack(file.root)
    file.write(replace(stack, place={**stack.place, name: "another"}))
    said: list[str] = []

    assert end_kept(file, make=lambda kind: pytest.fail(kind), say=said.append) is None

    assert file.path.exists()
    assert "both are left alone" in said[0]


def test_who_leases_it_alone_may_end_it(file: KeptFile) -> None:
    file.write(a_stack(file.root))
    first, second = file.lease(), file.lease()
    assert first is not None
    assert second is not None

    assert not first.alone()
    second.release()
    second.release()
    assert first.alone()
    first.release()


def test_one_that_was_replaced_is_not_leased_by_its_old_lock(file: KeptFile) -> None:
    file.write(a_stack(file.root))
    old = file.lease()
    file.write(replace(a_stack(file.root), id="11111111"))

    new = file.lease()

    assert old is not None
    assert new is not None
    assert new.stack.id == "11111111"
    assert new.alone()
    old.release()
    new.release()


def test_there_is_no_lease_of_nothing(file: KeptFile) -> None:
    assert file.lease() is None


def test_a_workspace_that_cannot_be_written_is_a_fault(file: KeptFile) -> None:
    (file.root / ".k6spec").write_text("a file where the folder belongs")

    with pytest.raises(StackFault, match="cannot be written") as caught:
        file.write(a_stack(file.root))

    assert caught.value.advice
    assert file.read() is None
    assert [path.name for path in file.root.iterdir()] == [".k6spec"]
