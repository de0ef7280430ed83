"""What the how-tos that start no system of their own show: settings, manifests, specs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import k6spec
from k6spec.config import load_config
from tests.howto.pages import PAGES, files_of, text_of
from tests.integration.conftest import Project, project
from tests.support.server import counting_server
from tests.support.stacks import binary

__all__ = ["project"]
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all(files_of("kubernetes")["k6spec.yaml"]))
COLLECTOR = files_of("kubernetes")["collector.yaml"]
SETTINGS = [page.stem for page in sorted(PAGES.glob("*.md")) if "pyproject.toml" in files_of(page.stem)]
SCRIPT = """
import http from 'k6/http';
export default function () { http.get(`${__ENV.BASE_URL}/checkout`, { tags: { name: 'POST /checkout' } }); }
"""


def manifest(kind: str) -> dict[str, Any]:
    (found,) = (one for one in MANIFESTS if one["kind"] == kind)
    return found


def settings(page: str, folder: Path, **environ: str) -> k6spec.config.Config:
    (folder / "pyproject.toml").write_text(files_of(page)["pyproject.toml"])
    return load_config(folder, environ, {})


@pytest.mark.parametrize("page", SETTINGS)
def test_its_settings_are_accepted(page: str, tmp_path: Path) -> None:
    name = re.search(r"\[tool\.k6spec\.env\.(\w+)\]", text_of(page))
    environment = {"K6SPEC_ENV": name[1]} if name else {}

    config = settings(page, tmp_path, CLICKHOUSE_PASSWORD="x", **environment)

    assert config.profile if name else config.stack == "external"


def test_the_collector_accepts_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "collector.yaml").write_text(COLLECTOR)
    argv = [binary("otelcol"), "validate", f"--config={tmp_path / 'collector.yaml'}"]

    said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    assert said.returncode == 0, said.stderr


def test_the_manifests_lead_from_the_collector_to_the_receiver(tmp_path: Path) -> None:
    service, job, policy = (manifest(kind) for kind in ("Service", "Job", "NetworkPolicy"))
    exporter = yaml.safe_load(COLLECTOR)["exporters"]["otlp_grpc/k6spec"]
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    (port,) = (each["port"] for each in service["spec"]["ports"])
    pod = job["spec"]["template"]

    assert exporter["endpoint"] == f"{name}.{namespace}.svc.cluster.local:{port}"
    assert settings("kubernetes", tmp_path).receiver == f"0.0.0.0:{port}"
    assert pod["spec"]["containers"][0]["ports"] == [{"containerPort": port}]
    assert service["spec"]["selector"] == pod["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"] == pod["metadata"]["labels"]
    assert policy["spec"]["ingress"][0]["ports"] == [{"port": port}]
    assert {one["metadata"]["namespace"] for one in MANIFESTS} == {namespace}


def test_the_compose_file_is_a_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text("services: {shop: {image: shop}}")
    source = files_of("docker-compose")["specs/conftest.py"].replace('@pytest.fixture(scope="session")\n', "")
    names: dict[str, Any] = {}

    exec(compile(source, "conftest.py", "exec"), names)

    assert isinstance(names["k6spec_sut"](), k6spec.ComposeSut)


def test_the_spec_of_a_script_of_ones_own_runs(project: Project) -> None:
    spec = files_of("k6-script")["specs/test_checkout.py"]
    (project.root / "specs" / "load").mkdir(parents=True)
    (project.root / "specs" / "load" / "checkout.js").write_text(SCRIPT)
    (project.root / "specs" / "test_checkout.py").write_text(spec.replace('"10s"', '"1s"'))

    with counting_server() as server:
        project.env |= {"K6SPEC_BASE_URL": server.url, "K6SPEC_SETTLE": "100ms"}
        ended = project.run("specs")

    assert "2 passed" in ended.text, ended.text


def test_every_page_is_named_on_the_first() -> None:
    pages = {page.name for page in PAGES.glob("*.md")} - {"index.md"}

    assert pages == set(re.findall(r"\(([\w-]+\.md)\)", text_of("index")))
