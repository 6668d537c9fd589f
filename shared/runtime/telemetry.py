"""What an operator sees: metrics, one log line per use case, and progress. Free of personal data, since logs travel.

Every service has a registry of its own and every metric a ``service`` label, so that three services fit into one process;
``exposition`` merges them into one page.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from shared.messaging.flow import Flow
from shared.persistence.database import driver_error

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper edges of the duration histogram."""

Reading = Mapping[tuple[str, ...], float]
"""Values of one gauge by the values of its labels; ``{(): 3}`` where it has none."""

use_cases: Final = logging.getLogger("pruefpfad.use_case")


@dataclass
class UseCaseLine:
    """What one run of a use case leaves in the log. Filled while it runs; counts and names of roles, never contents."""

    service: str
    use_case: str
    actor: str = "pruefpfad"
    subjects: int = 0
    applied: int = 0
    emitted: int = 0
    parked: int = 0
    correlation: str = ""
    outcome: str = "done"
    duration_ms: float = 0.0

    @property
    def level(self) -> int:
        """A chore that looked and found nothing to do is no news."""
        if self.outcome != "done":
            return logging.WARNING
        did = self.applied or self.emitted or self.parked
        return logging.INFO if did or self.actor != "pruefpfad" else logging.DEBUG

    def fields(self) -> dict[str, Any]:
        """The line as it is logged: empty fields are left out."""
        return {name: value for name, value in vars(self).items() if value not in ("", 0) or name == "duration_ms"}


@dataclass(frozen=True)
class Source:
    """A number that is read when somebody asks."""

    family: type[GaugeMetricFamily] | type[CounterMetricFamily]
    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[], Reading]


@dataclass(eq=False)
class Telemetry:
    """Metrics of one service. Gauges are computed when scraped and kept for ``cache_seconds``."""

    service: str
    cache_seconds: float = 5.0
    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=False))

    def __post_init__(self) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"pruefpfad_{name}", text, ("service", *labels), registry=self.registry)

        self.use_case_seconds = Histogram(
            "pruefpfad_use_case_seconds",
            "Duration of a use case, its transaction included",
            ("service", "use_case", "outcome"),
            registry=self.registry,
            buckets=SECONDS,
        )
        self.emitted = counter("events_emitted", "Events written to the outbox")
        self.retries = counter("retries", "Attempts that failed for reasons of infrastructure and were made again", "use_case")
        self._sources: list[Source] = []
        self._cached: tuple[float, list[Metric]] = (float("-inf"), [])
        self._mutex = threading.Lock()
        self.registry.register(self)

    def gauge(self, name: str, text: str, read: Callable[[], Reading], labels: Sequence[str] = ()) -> None:
        """Publish ``pruefpfad_<name>``. ``read`` is called when scraped and may fail: then the gauge is left out, and
        ``pruefpfad_gauge_unreadable`` says so, since an old number would be a false one."""
        self._sources.append(Source(GaugeMetricFamily, f"pruefpfad_{name}", text, tuple(labels), read))

    def counter(self, name: str, text: str, read: Callable[[], Reading], labels: Sequence[str] = ()) -> None:
        """The same for a number that only grows and is counted elsewhere."""
        self._sources.append(Source(CounterMetricFamily, f"pruefpfad_{name}", text, tuple(labels), read))

    def watch_delivery(
        self,
        flow: Callable[[], Flow],
        arrived: Callable[[], Mapping[str, Mapping[str, int]]],
        relayed: Callable[[], Mapping[str, int]],
    ) -> None:
        """Publish what outbox, inboxes and relay say of themselves; one reading of the flow serves all gauges of a scrape."""
        kept: list[tuple[float, Flow]] = []

        def now() -> Flow:
            if not kept or time.monotonic() - kept[0][0] > 1:
                kept[:] = [(time.monotonic(), flow())]
            return kept[0][1]

        def each(field: str) -> Callable[[], Reading]:
            return lambda: {(who,): getattr(inbox, field) for who, inbox in now().inboxes.items()}

        def lag() -> Reading:
            return {(str(lane),): count for lane, count in enumerate(now().unsent)}

        def parked() -> Reading:
            return {(who, status): n for who, inbox in now().inboxes.items() for status, n in inbox.parked.items()}

        self.gauge("outbox_age_seconds", "Age of the oldest event not relayed yet", lambda: {(): now().oldest_seconds})
        self.gauge("relay_lag", "Events not relayed yet (10000: or more)", lag, ("lane",))
        self.gauge("alarms", "Open alarms: forks, damage, a restored publisher", lambda: {(): now().alarms})
        self.gauge("held", "Events held behind a gap", each("held"), ("consumer",))
        self.gauge("gaps", "Subjects of which something is missing", each("gaps"), ("consumer",))
        self.gauge("behind", "Subjects whose publisher knows less than it said", each("behind"), ("consumer",))
        self.gauge("forks", "Subjects stopped because two histories do not agree", each("forks"), ("consumer",))
        self.gauge("parked", "Events set aside", parked, ("consumer", "status"))
        self.counter(
            "inbox_events", "What became of events that arrived (applied, repeats, gaps …), since this process started",
            lambda: {(who, what): n for who, counts in arrived().items() for what, n in counts.items()}, ("consumer", "what"),
        )
        self.counter(
            "relay_events", "What the relay did, since this process started (replayed: told again because somebody lacked it)",
            lambda: {(what,): n for what, n in relayed().items()}, ("what",),
        )

    def collect(self) -> Iterable[Metric]:
        """What is read when asked, for prometheus-client."""
        with self._mutex:
            if time.monotonic() - self._cached[0] > self.cache_seconds:
                self._cached = (time.monotonic(), list(self._read()))
            return list(self._cached[1])

    def _read(self) -> Iterator[Metric]:
        unreadable = GaugeMetricFamily(
            "pruefpfad_gauge_unreadable", "1 where a gauge could not be read at this scrape", labels=("service", "gauge")
        )
        for source in self._sources:
            family = source.family(source.name, source.help, labels=("service", *source.labels))
            try:
                for labels, value in source.read().items():
                    family.add_metric((self.service, *labels), value)
            except Exception as error:      # noqa: BLE001  (a gauge may fail for any reason and must not take the page with it)
                logging.getLogger("pruefpfad.telemetry").debug("%s cannot be read: %s", source.name, in_one_line(error))
                unreadable.add_metric((self.service, source.name), 1)
                continue
            yield family
        yield unreadable

    @contextmanager
    def use_case(self, name: str, actor: str = "pruefpfad") -> Iterator[UseCaseLine]:
        """Measure one run of a use case and log its line, whatever its outcome."""
        line, started = UseCaseLine(self.service, name, actor), time.perf_counter()
        try:
            yield line
        except BaseException as error:
            line.outcome = type(error).__name__
            raise
        finally:
            seconds = time.perf_counter() - started
            line.duration_ms = round(seconds * 1000, 1)
            self.use_case_seconds.labels(self.service, name, "done" if line.outcome == "done" else "failed").observe(seconds)
            if line.emitted:
                self.emitted.labels(self.service).inc(line.emitted)
            use_cases.log(line.level, name, extra={"fields": line.fields()})


class _Merged:
    """Registries as one: families of the same name become one family, as the exposition format demands."""

    def __init__(self, registries: Sequence[CollectorRegistry]) -> None:
        self.registries = registries

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for registry in self.registries:
            for family in registry.collect():
                if family.name in families:
                    families[family.name].samples.extend(family.samples)
                else:
                    copy = Metric(family.name, family.documentation, family.type, family.unit)
                    copy.samples = list(family.samples)
                    families[family.name] = copy
        return families.values()


def exposition(services: Sequence[Telemetry]) -> tuple[bytes, str]:
    """The metrics page of a process that serves these services, and its content type."""
    merged: Any = _Merged([service.registry for service in services] + [REGISTRY])
    return generate_latest(merged), CONTENT_TYPE_LATEST


def in_one_line(error: BaseException) -> str:
    """What an error says, without the statement and its parameters, which a database error would repeat: they may be personal."""
    words = str(driver_error(error) or error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


# ── Log ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


_ROWS: Final = re.compile(r"(?:\\n|\n)(?:DETAIL|CONTEXT):(?:(?!\\n)[^\n])*")


def without_rows(text: str) -> str:
    """A log text without what PostgreSQL adds of the rows concerned (DETAIL, CONTEXT): they may be personal."""
    return _ROWS.sub("", text)


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": without_rows(record.getMessage()),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0]:
            line["error"] = without_rows(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """For people: time, level, text, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        fields = "  ".join(f"{name}={value}" for name, value in getattr(record, "fields", {}).items() if name != "use_case")
        text = f"{at} {record.levelname.lower():7} {without_rows(record.getMessage())}  {fields}".rstrip()
        if not record.exc_info or not record.exc_info[0]:
            return text
        return f"{text}\n{without_rows(self.formatException(record.exc_info))}"


class Sparing(logging.Filter):
    """Lets the same complaint through once in a while. While Kafka restarts, its client would write thousands of lines."""

    def __init__(self, every: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.every, self.clock = every, clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, str(record.msg))
        at, suppressed = self._seen.get(key, (float("-inf"), 0))
        if self.clock() - at < self.every:
            self._seen[key] = (at, suppressed + 1)
            return False
        self._seen[key] = (self.clock(), 0)
        if suppressed:
            record.msg, record.args = f"{record.getMessage()} (and {suppressed} times more)", ()
        return True


def configure_log(form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Send the log to standard error in this form. Called once by whoever owns the process."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    spare_kafka()
    for name in ("uvicorn", "httpx", "alembic"):                # services say themselves when they are ready
        logging.getLogger(name).setLevel(logging.WARNING)


def spare_kafka() -> None:
    """Rate-limit what the Kafka client logs. On the handler, since a logger's filter does not see its children's records."""
    logger = logging.getLogger("aiokafka")
    if not any(isinstance(handler, _ToRoot) for handler in logger.handlers):
        handler = _ToRoot()
        handler.addFilter(Sparing())
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(logging.WARNING)


class _ToRoot(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger().handle(record)


# ── Progress ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Progress:
    """How far something is: one line rewritten on a terminal, JSON lines elsewhere, where nothing is said twice in a row.

    >>> import io; out = io.StringIO(); Progress(out).tell("reading", 3, 10); out.getvalue()
    '{"step": "reading", "done": 3, "of": 10}\\n'
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stderr
        self.terminal = self.out.isatty()
        self._width, self._last = 0, ""

    def tell(self, step: str, done: int | None = None, of: int | None = None) -> None:
        """Say that ``step`` has come to ``done`` of ``of``."""
        if not self.terminal:
            line = {name: value for name, value in (("step", step), ("done", done), ("of", of)) if value is not None}
            text = json.dumps(line, ensure_ascii=False)
            if text == self._last:
                return
            self._last = text
            self.out.write(text + "\n")
        else:
            count = "" if done is None else f" {done:,}" if of is None else f" {done:,} of {of:,}"
            text = f"{step}{count}"
            self.out.write("\r" + text.ljust(self._width))
            self._width = len(text)
        self.out.flush()

    def end(self) -> None:
        """Leave the line as it stands; what follows begins on a new one."""
        if self.terminal and self._width:
            self.out.write("\n")
            self.out.flush()
            self._width = 0
