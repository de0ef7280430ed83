"""k6spec history, baseline and gc, as people call them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from k6spec.history.store import HistoryStore
from tests.history.test_changes import INFO, series
from tests.support.command import k6spec
from tests.support.history import commit, nights
from tests.support.runs import Request, make_run

P50 = "requests: p50 duration"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A month of nights; from the twentieth on it is 10 % slower."""
    values = series(1)
    values[19:] *= 1.1
    nights(tmp_path / ".k6spec/history", INFO, P50, values.tolist())
    return tmp_path


def test_list_names_branch_revision_and_key(project: Path) -> None:
    line = k6spec("history", "list", "--limit", "1", cwd=project).stdout.splitlines()[1]

    assert line.split()[:4] == ["2026-10-30T00-00-00-0000001e", "buy", "main", "000000001e"]
    assert len(k6spec("history", "list", "--json", cwd=project).stdout.splitlines()) == 20


def test_changes_names_the_commit_range_and_exits_with_1(project: Path) -> None:
    result = k6spec("history", "changes", cwd=project)

    assert result.returncode == 1
    assert "(2026-10-19 to 2026-10-20, buy)" in result.stdout
    assert f"{P50}: 6.46 ms -> 7 ms (+8.5 %)" in result.stdout
    assert "git log 0000000013..0000000014" in result.stdout
    assert "1 change in 1 statistic" in result.stdout


def test_changes_of_the_last_nights_only(project: Path) -> None:
    assert k6spec("history", "changes", "--last", "5", cwd=project).returncode == 0
    assert k6spec("history", "changes", "--last", "15", cwd=project).returncode == 1


def test_changes_as_json(project: Path) -> None:
    (line,) = k6spec("history", "changes", "--json", cwd=project).stdout.splitlines()

    change = json.loads(line)
    assert (change["last_commit"], change["first_commit"]) == (commit(19), commit(20))
    assert change["change"] == pytest.approx(0.1, abs=0.02)


def test_changes_names_the_commits_that_git_knows(tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    commits = []
    for subject in ("Fast", "Slower: a loop over all orders"):
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", subject], check=True)
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        commits.append(head.stdout.strip())
    values = series(1)
    values[19:] *= 1.1
    store = nights(tmp_path / ".k6spec/history", INFO, P50, values.tolist())
    for number, run in enumerate(store.entries(), 1):
        path = store.folder / f"{run.run_id}.json"
        path.write_text(path.read_text().replace(commit(number), commits[number > 19]))

    result = k6spec("history", "changes", cwd=tmp_path)

    assert f"git log {commits[0][:10]}..{commits[1][:10]}" in result.stdout
    assert "Slower: a loop over all orders" in result.stdout


def test_export_and_import_carry_it_to_another_machine(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    k6spec("history", "export", str(other / "h.jsonl"), cwd=project)

    assert "took up 30 runs; history has 30" in k6spec("history", "import", "h.jsonl", cwd=other).stdout
    assert "took up 0 runs; history has 30" in k6spec("history", "import", "h.jsonl", cwd=other).stdout


def test_archived_runs_are_taken_up(tmp_path: Path) -> None:
    folder = make_run(tmp_path / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", [Request(ms=20)] * 10)
    folder.write_info({**folder.info(), "ab": None})  # as a load that is no round is archived

    assert "took up 1 run;" in k6spec("history", "import", "--from-runs", cwd=tmp_path).stdout
    (entry,) = HistoryStore(tmp_path / ".k6spec/history").entries()
    assert entry.statistics["POST /checkout requests: p95 duration"].value == 20e6


def test_rounds_of_two_versions_are_not_taken_up(tmp_path: Path) -> None:
    folder = make_run(tmp_path / ".k6spec/runs/2026-11-01T00-00-00-0000aaaa", [Request(ms=20)] * 10)
    folder.write_info({**folder.info(), "ab": {"version": "base", "round": 1, "rounds": 4, "pairs": [{}]}})

    assert "took up 0 runs" in k6spec("history", "import", "--from-runs", cwd=tmp_path).stdout


def test_export_and_import_carry_pins_and_what_was_accepted(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    k6spec("baseline", "pin", "0000001e", "--name", "release", cwd=project)
    k6spec("baseline", "accept", "00000014", cwd=project)
    k6spec("history", "export", str(other / "h.jsonl"), cwd=project)

    assert "took up 30 runs; history has 30" in k6spec("history", "import", "h.jsonl", cwd=other).stdout

    said = k6spec("baseline", "list", cwd=other).stdout
    assert said == k6spec("baseline", "list", cwd=project).stdout
    assert "release: 2026-10-30T00-00-00-0000001e" in said


def test_what_is_pinned_here_stays_so_whatever_is_imported(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = str(tmp_path_factory.mktemp("other") / "h.jsonl")
    k6spec("baseline", "pin", "00000001", "--name", "release", cwd=project)
    k6spec("history", "export", file, cwd=project)
    k6spec("baseline", "unpin", "release", cwd=project)
    k6spec("baseline", "pin", "0000001e", "--name", "release", cwd=project)

    k6spec("history", "import", file, cwd=project)

    assert "release: 2026-10-30T00-00-00-0000001e" in k6spec("baseline", "list", cwd=project).stdout


def test_names_may_hold_what_ends_a_line_elsewhere(tmp_path: Path) -> None:
    nights(tmp_path / ".k6spec/history", INFO, "GET /a\u2028b requests: p50 duration", [1.0])
    k6spec("history", "export", "h.jsonl", cwd=tmp_path)

    assert "took up 1 run" in k6spec("history", "import", "h.jsonl", "--history", "other", cwd=tmp_path).stdout


def test_export_and_import_tell_scripts_how_many(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = str(tmp_path_factory.mktemp("other") / "h.jsonl")

    exported = json.loads(k6spec("history", "export", file, "--json", cwd=project).stdout)
    imported = json.loads(k6spec("history", "import", file, "--json", cwd=Path(file).parent).stdout)

    assert exported == {"path": file, "runs": 30}
    assert imported == {"added": 30, "runs": 30}


def test_pin_list_and_unpin(project: Path) -> None:
    assert (
        "is pinned as release-1.4"
        in k6spec("baseline", "pin", "last", "--name", "release-1.4", cwd=project).stdout
    )
    assert "release-1.4: 2026-10-30T00-00-00-0000001e" in k6spec("baseline", "list", cwd=project).stdout
    assert json.loads(k6spec("baseline", "list", "--json", cwd=project).stdout)["pins"].keys() == {"release-1.4"}
    assert "no pin any more" in k6spec("baseline", "unpin", "release-1.4", cwd=project).stdout
    assert "nothing is pinned" in k6spec("baseline", "list", cwd=project).stdout


def test_accept_begins_a_baseline_anew(project: Path) -> None:
    result = k6spec("baseline", "accept", "2026-10-20", cwd=project)

    assert "runs of it so far: 11" in result.stdout
    assert "begins at 2026-10-20T00-00-00-00000014" in k6spec("baseline", "list", cwd=project).stdout


class TestGc:
    """Retention: never a pinned run, nor one that a baseline rests on."""

    @pytest.fixture
    def runs(self, tmp_path: Path) -> Path:
        """Six archived runs, one a day; the newest was compared with the first."""
        for day in range(1, 7):
            run = make_run(tmp_path / f".k6spec/runs/2026-11-0{day}T00-00-00-0000000{day}", [Request(ms=20)])
        run.add_verdicts([{"outcome": "passed", "baseline": {"runs": ["2026-11-01T00-00-00-00000001"]}}])
        return tmp_path

    def left(self, runs: Path) -> list[int]:
        return sorted(int(path.name[-1]) for path in (runs / ".k6spec/runs").iterdir())

    def test_a_dry_run_only_says_it(self, runs: Path) -> None:
        result = k6spec("gc", "--keep", "2", "--dry-run", cwd=runs)

        assert "would remove 3 runs" in result.stdout
        assert "2 one of the newest 2, 1 a baseline of a run that stays" in result.stdout
        assert self.left(runs) == [1, 2, 3, 4, 5, 6]

    def test_the_newest_and_their_baselines_stay(self, runs: Path) -> None:
        k6spec("gc", "--keep", "2", cwd=runs)

        assert self.left(runs) == [1, 5, 6]

    def test_pinned_runs_stay(self, runs: Path) -> None:
        k6spec("history", "import", "--from-runs", cwd=runs)
        k6spec("baseline", "pin", "00000003", cwd=runs)

        k6spec("gc", "--keep", "0", cwd=runs)

        assert self.left(runs) == [3]

    def test_young_runs_stay(self, runs: Path) -> None:
        k6spec("gc", "--days", "100000", cwd=runs)

        assert self.left(runs) == [1, 2, 3, 4, 5, 6]

    def test_json_says_the_fate_of_each(self, runs: Path) -> None:
        lines = k6spec("gc", "--keep", "2", "--dry-run", "--json", cwd=runs).stdout.splitlines()

        assert [json.loads(line)["removed"] for line in lines] == [False, False, True, True, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gc"], "say what is to stay: k6spec gc --keep 50"),
        (["baseline", "pin", "nope"], "history has no run 'nope'"),
        (["baseline", "pin", "last", "--name", "a b"], "letters, digits, and . _ + - make a name"),
        (["baseline", "unpin", "nope"], "no run is pinned as 'nope'; pinned are: none"),
        (["history", "import"], "there is nothing to import"),
        (["history", "import", "absent.jsonl"], "absent.jsonl cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_is_told_in_words(project: Path, arguments: list[str], message: str) -> None:
    result = k6spec(*arguments, cwd=project)

    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "absent/h.jsonl"], "absent/h.jsonl cannot be written: No such file or directory"),
        (["list", "--history", "damaged"], "damaged/2026.json cannot be read"),
        (["list", "--history", "newer"], "has format 9, this k6spec reads up to 1"),
    ],
)
def test_a_fault_has_a_code_of_its_own(project: Path, arguments: list[str], message: str) -> None:
    for name, text in (("damaged", "{"), ("newer", '{"format": 9}')):
        (project / name).mkdir()
        (project / name / "2026.json").write_text(text)

    result = k6spec("history", *arguments, cwd=project)

    assert result.returncode == 7
    assert message in result.stderr
    assert "Traceback" not in result.stderr
