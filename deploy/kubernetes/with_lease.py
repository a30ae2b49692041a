"""Run a command while this pod holds a Lease of the cluster: `with_lease.py NAME COMMAND …`.

The log's own lock keeps two cycles on one machine apart. Two nodes may not see each other's locks (that depends on the
storage), so the cluster says who may: a Lease is taken by comparing and swapping its resourceVersion, and given back at
the end. Who dies keeps it until it expires, which is longer than a cycle may take. Exit 75: another pod holds it; 69:
the cluster does not say. Nothing but the standard library, so that the image needs nothing more.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SECRETS = Path("/var/run/secrets/kubernetes.io/serviceaccount")
SECONDS = 1500  # a cycle has 900, and its parent some more
TAKEN, UNKNOWN = 75, 69
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
CONFLICT, NOT_FOUND = 409, 404


class Refused(Exception):
    """The Lease is another's, or was taken by another in between."""


class Cluster:
    """The Leases of a namespace, as its API serves them."""

    def __init__(self) -> None:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        at = os.environ.get("LEASE_API", f"https://{host}:{port}")
        self.leases = f"{at}/apis/coordination.k8s.io/v1/namespaces/{os.environ['POD_NAMESPACE']}/leases"
        trusted = SECRETS / "ca.crt"
        self.context = ssl.create_default_context(cafile=str(trusted)) if trusted.exists() else None

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request; raise HTTPError for what the API refuses."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if (SECRETS / "token").exists():
            headers["Authorization"] = f"Bearer {(SECRETS / 'token').read_text(encoding='ascii').strip()}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.leases}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20, context=self.context) as answer:
            told: dict[str, Any] = json.load(answer)
            return told


def take(cluster: Cluster, name: str, holder: str) -> dict[str, Any]:
    """Take the Lease, make it first if there is none; raise Refused where another has it."""
    fresh = {"holderIdentity": holder, "leaseDurationSeconds": SECONDS, "renewTime": datetime.now(UTC).strftime(MOMENT)}
    try:
        lease = cluster.ask("GET", f"/{name}")
    except urllib.error.HTTPError as error:
        if error.code != NOT_FOUND:
            raise
        return _swapped(cluster, "POST", "", {
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": fresh,
        })  # fmt: skip
    if (other := lease["spec"].get("holderIdentity")) and other != holder and not _is_over(lease["spec"]):
        raise Refused(f"{name}: expected a Lease that is free, found it with {other}")
    return _swapped(cluster, "PUT", f"/{name}", {**lease, "spec": fresh})


def _is_over(spec: dict[str, Any]) -> bool:
    if "renewTime" not in spec:
        return True
    taken = datetime.strptime(spec["renewTime"], MOMENT).replace(tzinfo=UTC)
    return taken + timedelta(seconds=spec.get("leaseDurationSeconds", SECONDS)) < datetime.now(UTC)


def _swapped(cluster: Cluster, method: str, path: str, lease: dict[str, Any]) -> dict[str, Any]:
    """Write the Lease as it was read, but for its holder: its resourceVersion has to be the same still."""
    try:
        return cluster.ask(method, path, lease)
    except urllib.error.HTTPError as error:
        if error.code == CONFLICT:
            raise Refused(f"{lease['metadata']['name']}: another pod was faster") from error
        raise


def give_back(cluster: Cluster, lease: dict[str, Any]) -> None:
    """Let the next pod have it at once; if that fails it expires."""
    free = {key: value for key, value in lease["spec"].items() if key != "holderIdentity"}
    try:
        cluster.ask("PUT", f"/{lease['metadata']['name']}", {**lease, "spec": free})
    except (OSError, ValueError) as error:
        sys.stderr.write(f"lease: not given back, it expires by itself: {error}\n")


def main(arguments: list[str]) -> int:
    """Take, run, give back; return the command's exit status."""
    name, *command = arguments
    try:
        cluster = Cluster()
        lease = take(cluster, name, os.environ["POD_NAME"])
    except Refused as refused:
        sys.stderr.write(f"lease: {refused}\n")
        return TAKEN
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(
            f"lease: expected the cluster to say who holds {name}, found {type(error).__name__}: {error}\n"
        )
        return UNKNOWN
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        give_back(cluster, lease)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
