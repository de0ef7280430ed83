import os
import subprocess
import sys
from pathlib import Path

from k6spec.process import process_begun
from k6spec.stack.owner import Owner, is_leftover, leftover_spool


def test_a_living_process_has_no_leftovers(tmp_path):
    labels = Owner(workspace=tmp_path).labels(spool=tmp_path / "k6spec-spool-1")
    assert labels["k6spec.pid"] == str(os.getpid())
    assert not is_leftover(labels)


def test_what_a_dead_process_left_is_leftover(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert process_begun(ended.pid) is None
    assert is_leftover(
        {**Owner(workspace=tmp_path).labels(spool=tmp_path / "k6spec-spool-1"), "k6spec.pid": str(ended.pid)}
    )


def test_a_later_process_with_the_same_pid_is_another(tmp_path):
    assert is_leftover(
        {**Owner(workspace=tmp_path).labels(spool=tmp_path / "k6spec-spool-1"), "k6spec.begun": "1"}
    )


def test_labels_that_cannot_be_read_are_left_alone():
    assert not is_leftover({})
    assert not is_leftover({"k6spec.pid": "many"})


def test_it_is_found_by_user_workspace_and_host_and_each_stack_is_its_own(tmp_path):
    first, second = Owner(workspace=tmp_path), Owner(workspace=tmp_path)
    assert first.finds() == second.finds()
    assert first.stack != second.stack
    labels = first.labels(spool=tmp_path / "k6spec-spool-1")
    assert all(labels[name] == value for name, _, value in (f.partition("=") for f in first.finds()))
    assert Owner(workspace=tmp_path / "other").finds() != first.finds()


def test_a_container_that_shares_the_hosts_name_and_daemon_is_another_place(tmp_path, monkeypatch):
    here = Owner(workspace=tmp_path).finds()
    monkeypatch.setattr(Path, "readlink", lambda _path: Path("pid:[4026532999]"))
    assert Owner(workspace=tmp_path).finds() != here


def test_only_what_can_be_nothing_but_a_spool_is_a_leftover_one(tmp_path):
    spool = tmp_path / "k6spec-spool-1"
    labels = Owner(workspace=tmp_path).labels(spool=spool)
    assert leftover_spool(labels) is None
    spool.mkdir()
    assert leftover_spool(labels) == spool
    assert leftover_spool(Owner(workspace=tmp_path).labels(spool=tmp_path)) is None
    link = tmp_path / "k6spec-spool-2"
    link.symlink_to(tmp_path)
    assert leftover_spool(Owner(workspace=tmp_path).labels(spool=link)) is None
    assert leftover_spool({}) is None


def test_what_belongs_to_a_kept_stack_is_no_leftover(tmp_path):
    owner = Owner(workspace=tmp_path)
    dead = {**owner.labels(spool=tmp_path / "k6spec-spool-1"), "k6spec.begun": "1"}
    assert is_leftover(dead)
    assert is_leftover(dead, kept="another")
    assert not is_leftover(dead, kept=owner.stack)
