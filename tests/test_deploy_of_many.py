"""The recipes for many accounts: units that systemd accepts, a Lease that one pod holds at a time."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).parents[1]
UNITS, CLUSTER = ROOT / "deploy" / "systemd", ROOT / "deploy" / "kubernetes"
NAME = "tallybook-du2000001"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze judges the units; not installed")
def test_systemd_accepts_the_units_of_an_account(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        text = unit.read_text(encoding="utf-8").replace("/srv/tallybook/venv/bin/tallybook", sys.executable)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")

    judged = subprocess.run(
        ["systemd-analyze", "verify", *(f"./tallybook@DU2000001.{kind}" for kind in ("service", "timer"))],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert [line for line in judged.stderr.splitlines() if "tallybook" in line] == []


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_kubernetes_knows_every_field_of_the_manifest(version: str) -> None:
    text = (CLUSTER / "account.yaml").read_text(encoding="utf-8").replace("ACCOUNT", "du2000001")

    for resource in yaml.safe_load_all(text):
        assert kubernetes_validate.validate(resource, version, strict=True).startswith(version)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**resource, "colour": "red"}, version, strict=True)


def test_the_deadline_of_a_job_lies_within_its_lease() -> None:
    *_, job = yaml.safe_load_all((CLUSTER / "account.yaml").read_text(encoding="utf-8"))
    lasts = re.search(r"^SECONDS = (\d+)", (CLUSTER / "with_lease.py").read_text(encoding="utf-8"), re.MULTILINE)

    assert lasts is not None
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert job["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] < int(lasts[1])


class Api(BaseHTTPRequestHandler):
    """Leases as the cluster keeps them: written only over the version that was read."""

    leases: ClassVar[dict[str, dict[str, Any]]] = {}
    between: ClassVar[list[str]] = []  # who takes the Lease after it was read

    def do_GET(self) -> None:
        lease = self.leases.get(self.path.rpartition("/")[2])
        self._answer(404 if lease is None else 200, lease or {})
        if self.between:
            self._keep(
                self.path.rpartition("/")[2],
                {"holderIdentity": self.between.pop(), "renewTime": "2005-03-01T00:00:00.000000Z"},
            )

    def do_POST(self) -> None:
        told = self._told()
        name = told["metadata"]["name"]
        taken = name in self.leases
        self._answer(409 if taken else 201, {} if taken else self._keep(name, told["spec"]))

    def do_PUT(self) -> None:
        told, name = self._told(), self.path.rpartition("/")[2]
        same = told["metadata"].get("resourceVersion") == self.leases[name]["metadata"]["resourceVersion"]
        self._answer(200 if same else 409, self._keep(name, told["spec"]) if same else {})

    def _keep(self, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        before = self.leases.get(name, {"metadata": {"resourceVersion": "0"}})["metadata"]["resourceVersion"]
        version = str(int(before) + 1)
        self.leases[name] = {"metadata": {"name": name, "resourceVersion": version}, "spec": spec}
        return self.leases[name]

    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return told

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    Api.leases.clear()
    Api.between.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def leased(api: str, *command: str, pod: str = "pod-1") -> subprocess.CompletedProcess[str]:
    around = {
        **os.environ, "LEASE_API": api, "KUBERNETES_SERVICE_HOST": "x", "KUBERNETES_SERVICE_PORT": "1",
        "POD_NAME": pod, "POD_NAMESPACE": "tallybook",
    }  # fmt: skip
    words = [sys.executable, str(CLUSTER / "with_lease.py"), NAME, *command]
    return subprocess.run(words, env=around, capture_output=True, text=True, check=False, timeout=60)


def says(text: str, status: int = 0) -> tuple[str, ...]:
    return sys.executable, "-c", f"import sys; print({text!r}); sys.exit({status})"


def test_a_command_runs_with_the_lease_and_gives_it_back(api: str) -> None:
    first, again = leased(api, *says("ran", 1)), leased(api, *says("ran"), pod="pod-2")

    assert (first.returncode, first.stdout) == (1, "ran\n")
    assert (again.returncode, again.stdout) == (0, "ran\n")
    assert "holderIdentity" not in Api.leases[NAME]["spec"]


def test_while_another_pod_holds_it_nothing_runs(api: str) -> None:
    leased(api, *says("ran"))
    Api.leases[NAME]["spec"] |= {"holderIdentity": "pod-9", "renewTime": "2999-01-01T00:00:00.000000Z"}

    refused = leased(api, *says("ran"))

    assert (refused.returncode, refused.stdout) == (75, "")
    assert "found it with pod-9" in refused.stderr


def test_a_lease_that_is_over_is_free(api: str) -> None:
    leased(api, *says("ran"))
    Api.leases[NAME]["spec"] |= {"holderIdentity": "pod-9", "renewTime": "2005-03-01T00:00:00.000000Z"}

    assert leased(api, *says("ran")).stdout == "ran\n"


def test_who_comes_second_in_the_same_moment_runs_nothing(api: str) -> None:
    leased(api, *says("ran"))
    Api.between.append("pod-9")

    refused = leased(api, *says("ran"))

    assert (refused.returncode, refused.stdout) == (75, "")
    assert Api.leases[NAME]["spec"]["holderIdentity"] == "pod-9"


def test_a_cluster_that_does_not_answer_lets_nothing_run() -> None:
    silent = leased("http://127.0.0.1:1", *says("ran"))

    assert (silent.returncode, silent.stdout) == (69, "")
