"""A real Apache Kafka without containers: one node in a JVM, from its Maven artefacts.

For tests (``tests/kafka/conftest.py``) and for ``make kafka``; needs Java 17 or newer and, the first time, Maven.

    with Kafka(folder) as kafka:
        kafka.address                       # 127.0.0.1:port, the same after every restart
        kafka.kill(); kafka.start()         # SIGKILL and back: same data, same address
        kafka.wipe()                        # everything gone, same address
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import string
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

ROOT: Final = Path(__file__).parents[2]
RECIPE: Final = ROOT / "tests" / "kafka"
CACHE: Final = ROOT / ".cache" / "kafka"
JVM: Final = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
JAVA: Final = 17
"""Oldest Java that Kafka 4 runs on."""


class CannotRun(RuntimeError):
    """The broker cannot be prepared or started. The text says why and shows its last words."""


def missing() -> str | None:
    """What this machine lacks for a Kafka of its own, in one line; ``None`` if nothing."""
    java = _java_version()
    if java is None:
        return f"Java {JAVA} or newer is missing"
    if java < JAVA:
        return f"Java {JAVA} or newer is missing, this one is {java}"
    if not _prepared() and shutil.which("mvn") is None:
        return "Maven is missing (needed once, to fetch Apache Kafka)"
    return None


def prepare() -> Path:
    """Fetch Kafka's jars once; returns their folder. They are fetched again when the recipe (``pom.xml``) changes."""
    if not _prepared():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = CACHE / f"libs.{os.getpid()}"
        command = ["mvn", "-q", "-B", "-f", str(RECIPE / "pom.xml"), "dependency:copy-dependencies"]
        fetched = subprocess.run(
            [*command, f"-DoutputDirectory={fresh}", "-DincludeScope=runtime"], check=False, capture_output=True, text=True
        )
        if fetched.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise CannotRun(f"Maven could not fetch Apache Kafka:\n{fetched.stdout[-2000:]}{fetched.stderr[-2000:]}")
        shutil.rmtree(_libs(), ignore_errors=True)
        fresh.replace(_libs())
        _stamp().write_bytes((RECIPE / "pom.xml").read_bytes())
    return _libs()


class Kafka:
    """One broker with a data folder and ports of its own, which it keeps for its whole life."""

    def __init__(self, folder: Path, *, port: int = 0, patience: float = 60.0) -> None:
        self.folder = folder
        self.port, self.controller = port or free_port(), free_port()
        self.patience = patience
        """Seconds to wait for the broker to answer after a start."""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Kafka:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """What clients are given as bootstrap server."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id of the broker, ``None`` if it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def data(self) -> Path:
        """Where the broker keeps its records."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the broker wrote, all starts one after another."""
        return self.folder / "kafka.log"

    def start(self) -> None:
        """Start the broker on the data that is there, and return when it answers as a cluster with a broker."""
        if self.pid is not None:
            return
        libs = prepare()
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        template = string.Template((RECIPE / "server.properties").read_text("utf-8"))
        properties.write_text(template.substitute(port=self.port, controller=self.controller, data=self.data), "utf-8")
        java = ["java", *JVM, "-cp", f"{libs}/*"]
        if not (self.data / "meta.properties").exists():
            self._format(java, properties)
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in a terminal reaches us, and we stop the broker in order.
            self._process = subprocess.Popen(
                [*java, "kafka.Kafka", str(properties)], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        asyncio.run(self._until_ready())

    def stop(self) -> None:
        """End the broker in order; its data stay."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker at once, as a power cut would; its data stay."""
        self._end(signal.SIGKILL)

    def wipe(self) -> None:
        """Forget everything: stop, delete the data, start empty under the same address."""
        self.stop()
        shutil.rmtree(self.data)
        self.start()

    def wait(self) -> int:
        """Wait until the broker ends by itself; returns its exit code."""
        return self._process.wait() if self._process else 0

    def _format(self, java: list[str], properties: Path) -> None:
        """Give the empty data folder its cluster id."""
        tool = [*java, "kafka.tools.StorageTool"]
        identity = subprocess.run([*tool, "random-uuid"], check=True, capture_output=True, text=True).stdout.split()[-1]
        done = subprocess.run(
            [*tool, "format", "-t", identity, "-c", str(properties)], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise CannotRun(f"Kafka's storage in {self.data} cannot be formatted:\n{done.stdout}{done.stderr}")

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(self.patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    async def _until_ready(self) -> None:
        """Return when a client sees the broker; raise with its log's end if it dies or takes too long."""
        deadline = time.monotonic() + self.patience
        while True:
            if self.pid is None:
                raise CannotRun(f"Kafka ended while starting; its log ends with:\n{self._last_words()}")
            if await _answers(self.port):
                return
            if time.monotonic() > deadline:
                self.kill()
                raise CannotRun(f"Kafka did not answer within {self.patience:.0f} s; its log ends with:\n{self._last_words()}")
            await asyncio.sleep(0.1)

    def _last_words(self) -> str:
        return self.log.read_text("utf-8", "replace")[-3000:]


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _answers(port: int) -> bool:
    """Whether a broker is registered and takes requests. The port is asked first: aiokafka would log a refusal."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=2_000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        with contextlib.suppress(KafkaError, OSError):
            await admin.close()


def _java_version() -> int | None:
    if shutil.which("java") is None:
        return None
    told = subprocess.run(["java", "-version"], check=False, capture_output=True, text=True)
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(found[1]) if told.returncode == 0 and found else None


def _libs() -> Path:
    return CACHE / "libs"


def _stamp() -> Path:
    return CACHE / "pom.xml"


def _prepared() -> bool:
    return _stamp().exists() and _libs().is_dir() and _stamp().read_bytes() == (RECIPE / "pom.xml").read_bytes()


def main() -> int:
    """``make kafka``: a Kafka in the foreground; Ctrl-C ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.kafka", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="port of 127.0.0.1; 0 takes a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=CACHE / "foreground", help="folder of its data (default: %(default)s)")
    parser.add_argument("--prepare", action="store_true", help="only fetch the jars")
    parser.add_argument("--json", action="store_true", help="print the address as JSON")
    given = parser.parse_args()
    if lacking := missing():
        print(f"No Kafka here: {lacking}.", file=sys.stderr)
        return 2
    if given.prepare:
        print(prepare())
        return 0
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, _interrupted)
    try:
        with Kafka(given.data.resolve(), port=given.port) as kafka:
            if given.json:
                print(json.dumps({"kafka": kafka.address, "pid": kafka.pid}), flush=True)
            else:
                print(f"Apache Kafka is ready. In another terminal:\n\n    export PRUEFPFAD_KAFKA={kafka.address}\n", flush=True)
            return kafka.wait()
    except KeyboardInterrupt:
        return 0
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1


def _interrupted(*_: object) -> None:
    """End as Ctrl-C does, once: a second signal must not disturb the orderly stop."""
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
