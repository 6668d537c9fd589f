"""The project's own compose file on a real engine, under a project name and on ports of its own, to be killed piece by piece."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx

from tests.tools.kafka import free_port

ROOT: Final = Path(__file__).parents[2]
PUBLISHED: Final = ("gateway", "intake", "funding", "reporting", "prometheus")
"""Services with a port on this machine."""


class ComposeFailed(RuntimeError):
    """Compose said no. The text holds what it said and how the containers' logs end."""


def missing() -> str | None:
    """What this machine lacks to run containers, in one line; ``None`` if nothing."""
    if shutil.which("docker") is None:
        return "Docker is missing"
    if _silently("docker", "info"):
        return "no Docker engine answers `docker info`"
    if _silently("docker", "compose", "version"):
        return "Docker Compose is missing"
    return None


class Compose:
    """The stack: ``with Compose("name") as stack: stack.url("intake")``. Leaves nothing behind, its volumes included."""

    def __init__(self, project: str, *, patience: float = 180.0) -> None:
        self.project = project
        self.patience = patience
        """Seconds until what was started must be healthy."""
        self.ports = {service: free_port() for service in PUBLISHED}
        self._environment = os.environ | {"COMPOSE_PROJECT_NAME": project}
        self._environment |= {f"{service.upper()}_PORT": str(port) for service, port in self.ports.items()}

    def __enter__(self) -> Compose:
        subprocess.run([str(ROOT / "deploy" / "secrets.sh")], check=True, stdout=subprocess.DEVNULL)
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.down()

    def url(self, service: str) -> str:
        """Where the service answers on this machine."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def up(self) -> None:
        """Build and start everything; returns when all is healthy."""
        self("up", "--detach", "--build", "--wait", "--wait-timeout", f"{self.patience:.0f}")

    def down(self) -> None:
        """Stop everything and forget its data."""
        self("down", "--volumes", "--remove-orphans", "--timeout", "20")

    def kill(self, service: str) -> None:
        """SIGKILL every container of the service, as a power cut would; it stays down until ``back``."""
        for container in self.containers(service):
            _run("docker", "kill", "--signal", "KILL", container)
        running = [c for c in self.containers(service) if inspect(c)["State"]["Running"]]
        assert not running, f"{service} still runs in {running}"

    def back(self, service: str) -> None:
        """Start what was killed, on the data that is there; returns when it is healthy."""
        self("up", "--detach", "--no-deps", "--no-recreate", "--wait", "--wait-timeout", f"{self.patience:.0f}", service)

    def crash(self, service: str) -> None:
        """Kill a service's program inside its container; whether it comes back is the engine's business (its restart policy)."""
        self("exec", "--no-TTY", service, "python3", "-c", "import os, signal; os.kill(-1, signal.SIGKILL)", check=False)

    def containers(self, service: str) -> list[str]:
        """Ids of the service's containers, stopped ones too."""
        found = self("ps", "--all", "--quiet", service).split()
        assert found, f"there is no container of {service}"
        return found

    def until_ready(self, service: str) -> None:
        """Return when the service says it is ready; raise with its causes if it takes too long."""
        deadline, said = time.monotonic() + self.patience, "nothing"
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(f"{self.url(service)}/health/ready", timeout=5)
            except httpx.TransportError as error:
                said = repr(error)
            else:
                if answer.is_success:
                    return
                said = answer.text
            time.sleep(0.2)
        raise ComposeFailed(f"{service} is not ready after {self.patience:.0f} s, its last answer: {said}\n{self.logs()}")

    def logs(self) -> str:
        """How the logs of all containers end."""
        told = subprocess.run(
            ["docker", "compose", "logs", "--no-color", "--tail", "25"],
            check=False, capture_output=True, text=True, cwd=ROOT, env=self._environment,
        )
        return told.stdout + told.stderr

    def __call__(self, *arguments: str, check: bool = True) -> str:
        """Run ``docker compose …`` for this project; returns what it printed."""
        done = subprocess.run(
            ["docker", "compose", *arguments], check=False, capture_output=True, text=True, cwd=ROOT, env=self._environment
        )
        if check and done.returncode:
            command = f"docker compose {' '.join(arguments)}"
            raise ComposeFailed(f"{command} ended with {done.returncode}:\n{done.stderr}\n{self.logs()}")
        return done.stdout


def inspect(container: str) -> dict[str, Any]:
    """What the engine knows about a container."""
    found: list[dict[str, Any]] = json.loads(_run("docker", "inspect", container))
    return found[0]


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _silently(*command: str) -> int:
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
