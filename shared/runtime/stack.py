"""Services in one process: all of them around the embedded PostgreSQL and broker, or one of them in production.

``prepare`` makes what must be there before: databases, roles, tables, topics. ``serve`` runs until it is told to stop.
``Stack`` is the same for a program that wants to do something meanwhile (``demo``, ``load``, a test).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from urllib.parse import unquote, urlsplit

import uvicorn

from shared.persistence import migrations
from shared.runtime import access, http
from shared.runtime.embedded import NOT_FOR, Embedded, Gate
from shared.runtime.gateway import gateway
from shared.runtime.kafka import prepare_topics
from shared.runtime.service import Service
from shared.runtime.settings import SERVICES, Settings
from shared.runtime.telemetry import configure_log

log = logging.getLogger("pruefpfad.stack")

Maker = Callable[[Settings], Service]
"""``service(settings)`` of a service's ``app.py``."""


class NotReady(RuntimeError):
    """The stack did not come up in time, or will never; the text names the causes by service."""


def prepare(settings: Settings, makers: Sequence[Maker]) -> list[str]:
    """Make what services need: databases and roles (given an admin URL), tables, topics. Safe to repeat; says what it did."""
    done = []
    for make in makers:
        service = make(settings)
        if settings.admin_database is not None:
            owner, runtime = settings.owner_database_of(service.name), settings.database_of(service.name)
            migrations.prepare(
                settings.admin_database, service.name, owner_password=_password(owner), runtime_password=_password(runtime)
            )
            done.append(f"database and roles of {service.name}")
        migrations.upgrade(settings.owner_database_of(service.name), service.name, *service.histories)
        done.append(f"tables of {service.name}")
    if settings.kafka is not None:
        done += [f"topic {name}" for name in asyncio.run(prepare_topics(settings))]
    return done


def _password(url: str) -> str | None:
    password = urlsplit(url).password
    return None if password is None else unquote(password)


class Stack:
    """The services these makers make, running, with HTTP: ``with Stack(settings, makers) as stack: stack.url``.

    What the settings leave empty runs embedded. The block is entered when every service is ready; raises ``NotReady``.
    """

    def __init__(self, settings: Settings, makers: Sequence[Maker], *, patience: float = 60.0) -> None:
        self.given, self.makers, self.patience = settings, makers, patience
        self.settings = settings
        """The settings in use, with the addresses of what was started."""
        self.services: list[Service] = []
        self.embedded: Embedded | None = None
        self.url = ""
        """Where HTTP answers."""
        self._stays = False
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Stack:
        with contextlib.ExitStack() as stack:
            self._make(stack)
            server = self._server = self._new_server()
            self._thread = threading.Thread(target=server.run, name="http", daemon=True)
            self._thread.start()
            stack.callback(self._stop)
            self._await_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def service(self, name: str) -> Service:
        """The service of this name."""
        return next(service for service in self.services if service.name == name)

    def run(self, *, stays: bool = False) -> None:
        """Serve in this thread until a signal or until a service refuses to start; raises what it refused with.

        If it ``stays``, what only a person can mend does not end it: readiness names the cause for as long as that lasts.
        """
        self._stays = stays
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._stops_in_order())
            self._make(stack)
            self._server = self._new_server()
            self._server.run()
            if failed := next((service.failed for service in self.services if service.failed and not self._kept(service)), None):
                raise failed

    @contextlib.contextmanager
    def _stops_in_order(self) -> Iterator[None]:
        """Let a signal unwind instead of ending the process. While HTTP is served uvicorn handles it, but raises it again
        when it has stopped: without this, PostgreSQL would be left behind."""

        def stop(number: int, _: object) -> None:
            if self._server is None:
                raise SystemExit(128 + number)

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _make(self, stack: contextlib.ExitStack) -> None:
        if self.given.is_embedded:
            self.embedded = stack.enter_context(Embedded(self.given))
            self.settings = self.embedded.settings
        self.services = [make(self.settings) for make in self.makers]
        if self.embedded is not None and self.embedded.postgres is not None:
            for service in self.services:
                migrations.prepare(self.embedded.postgres.admin_url, service.name)
                try:
                    migrations.upgrade(self.settings.owner_database_of(service.name), service.name, *service.histories)
                except migrations.CannotUpgrade as error:
                    raise NotReady(str(error)) from error
        if self.embedded is not None and self.embedded.broker is not None:
            for service in self.services:
                groups = [group for reader in self.services for group in reader.consumers.groups(service.publishes)]
                service.gate = Gate(self.settings.kafka or "", service.publishes, groups)
        for service in self.services:
            service.on_failure = self._refused

    def _new_server(self) -> uvicorn.Server:
        return uvicorn.Server(uvicorn.Config(
            http.root(self.services), host=self.settings.host, port=self.settings.port, lifespan="on", log_config=None,
            access_log=False, timeout_graceful_shutdown=int(self.settings.graceful_seconds) + 1,
        ))

    def _kept(self, service: Service) -> bool:
        return self._stays and service.waits_for_a_person

    def _refused(self, _: BaseException) -> None:
        if self._server is not None and not all(self._kept(service) for service in self.services if service.failed):
            self._server.should_exit = True

    def _await_ready(self) -> None:
        deadline = time.monotonic() + self.patience
        assert self._server is not None and self._thread is not None        # noqa: S101  (set by __enter__)
        while True:
            causes = {service.name: found for service in self.services if (found := service.causes())}
            if self._server.started and not causes:
                break
            failed = next((service.failed for service in self.services if service.failed), None)
            if failed is not None or not self._thread.is_alive() or time.monotonic() > deadline:
                said = "; ".join(f"{name}: {', '.join(found)}" for name, found in causes.items())
                raise NotReady(said or f"HTTP does not start at {self.settings.http}; is the port taken?") from failed
            time.sleep(0.02)
        host, port = self._server.servers[0].sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}"

    def _stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(self.settings.graceful_seconds + 30)


def serve(settings: Settings, makers: Sequence[Maker]) -> None:
    """Serve until told to stop, also while a service waits for a person. The very first start shows a token per role, once."""
    configure_log(settings.log)
    _must_be_free(settings)
    if settings.is_embedded:
        log.warning(NOT_FOR)
    tokens = access.first_tokens(settings) if settings.tokens is None else {}
    if tokens:
        shown = "\n".join(f"  {role:<10} {token}" for role, token in tokens.items())
        sys.stderr.write(f"\nAccess tokens, shown this once:\n{shown}\nMore: pruefpfad token create --name NAME --role ROLE\n\n")
    log.info("starting; will answer at http://%s, data in %s", settings.http, settings.data.absolute())
    Stack(settings, makers).run(stays=True)


def _must_be_free(settings: Settings) -> None:
    """Nothing is begun where nobody could call; raises ``NotReady``."""
    host = settings.host.strip("[]")
    try:
        socket.create_server((host, settings.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise NotReady(
            f"cannot listen at {settings.http}: {error.strerror or error}. Perhaps it is served already; else choose another "
            "address with PRUEFPFAD_HTTP. Nothing was begun."
        ) from error


def serve_gateway(settings: Settings) -> None:
    """Pass calls on to services that run elsewhere, until told to stop; raises ``SettingsError`` if it does not know where."""
    addresses = {service: settings.address_of(service) for service in SERVICES}
    configure_log(settings.log)
    _must_be_free(settings)
    log.info("passing calls on; will answer at http://%s", settings.http)
    uvicorn.run(
        gateway(addresses), host=settings.host, port=settings.port, log_config=None, access_log=False,
        timeout_graceful_shutdown=int(settings.graceful_seconds),
    )
