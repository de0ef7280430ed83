"""Disk, cores, memory, files and outgoing ports."""

import resource

import pytest

from k6spec.doctor.disk import runs_folder, temporary_folder
from k6spec.doctor.machine import cores, files, memory
from k6spec.doctor.ports import ephemeral_ports


@pytest.mark.parametrize("check", [cores, memory, files, ephemeral_ports, temporary_folder, runs_folder])
def test_what_there_is_is_told_with_a_number(case, check):
    (found,) = check(case())
    assert any(character.isdigit() for character in found.seen)


def test_room_is_looked_for_where_the_folder_will_be(case):
    (found,) = runs_folder(case())
    assert ".k6spec/runs" in found.seen


def test_a_runs_folder_that_cannot_be_made_is_a_problem(case, tmp_path):
    (tmp_path / ".k6spec").write_text("a file")
    (found,) = runs_folder(case())
    assert found.status == "problem"
    assert "set runs" in found.advice


def test_few_files_are_told_with_how_many_vus_they_are_enough_for(case, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 1024))
    (found,) = files(case())
    assert found.status == "warning"
    assert "512 VUs" in found.advice
