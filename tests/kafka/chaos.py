"""Kills at seeded moments while facts are handed in, and the same comparison with a run in which nothing was killed.

    python -m tests.kafka.chaos --seeds 50
    python -m tests.kafka.chaos --seeds 500 --replicas 2

Every seed is one kill −9: of intake, funding, reporting, PostgreSQL's postmaster, one of its sessions, or Kafka. A run hands in
as many parts as it has seeds and strikes once during each. Besides, every run sets groups' offsets back to the beginning
(repeats) and one's beyond what it has not read (gaps), since kills alone seldom cause them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from shared.runtime.access import Role
from shared.values.source import digest_of
from tests.kafka.handins import HandIn, hand_ins
from tests.tools import kafka
from tests.tools.cluster import Cluster, NotReached, reached

AT: Final = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
"""Where every clock stands."""
PER_RUN: Final = 10
VICTIMS: Final = ("intake", "funding", "reporting", "postmaster", "backend", "kafka")
LATEST_BLOW: Final = 1.0
"""Seconds after a part was begun, at most, until its blow."""
HASTY: Final = 0.3
"""Share of blows that do not wait until all services are ready again."""

Picture = dict[str, Any]


def chaos_cluster(folder: Path) -> Cluster:
    """A cluster whose services all have the same standing clock."""
    return Cluster(folder, command=("-m", "tests.tools.launcher"), after_name=("--at", AT.isoformat()))


# ── handing in ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Feeder(threading.Thread):
    """Hands in one part after another, each when it is let go, each hand-in until intake has acknowledged it."""

    def __init__(self, cluster: Cluster, parts: Sequence[Sequence[HandIn]]) -> None:
        super().__init__(name="feeder", daemon=True)
        self.cluster, self.parts = cluster, parts
        self.error: BaseException | None = None
        self.done = 0
        """Parts that were acknowledged whole."""
        self._let_go = threading.Semaphore(0)

    def let_go(self) -> None:
        """Begin the next part as soon as the one before is in."""
        self._let_go.release()

    def run(self) -> None:
        try:
            for part in self.parts:
                self._let_go.acquire()
                for one in part:
                    reached(f"intake to take {one.name}", lambda one=one: self._handed_in(one))     # type: ignore[misc]
                self.done += 1
        except BaseException as error:      # noqa: BLE001  (it is raised where it is waited for)
            self.error = error

    def await_part(self, number: int) -> None:
        """Wait until so many parts are in."""

        def there() -> bool:
            if self.error is not None:
                raise self.error
            return self.done >= number

        reached(f"part {number} of {len(self.parts)} to be handed in", there, seconds=240)

    def _handed_in(self, one: HandIn) -> bool:
        """One attempt. Submissions and instructions may be repeated; a file is looked for before it is sent again."""
        if one.path.endswith("files"):
            there = self.cluster.call("intake", "submitter", "GET", f"{one.path}/{digest_of(one.content)}")
            if there.status_code == 404:
                answer = self.cluster.call("intake", "submitter", "POST", one.path, files={"file": (one.name, one.content)})
            else:
                answer = there
        else:
            role: Role = "clerk" if one.path.endswith("instructions") else "submitter"
            answer = self.cluster.call(
                "intake", role, "POST", one.path, content=one.content, headers={"content-type": "application/json"}
            )
        if 400 <= answer.status_code < 500:
            raise AssertionError(f"intake refuses {one.name}: {answer.status_code} {answer.text[:500]}")
        if answer.status_code >= 500:
            raise httpx.HTTPError(f"{answer.status_code} {answer.text[:200]}")
        return True


# ── striking ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Blow:
    """One kill, drawn from its seed: whom, when, and how long it stays down."""

    victim: str
    after: float
    down: float
    replica: float
    hasty: bool
    """Struck whether or not the blow before has been got over."""

    @classmethod
    def of(cls, seed: int) -> Blow:
        chance = random.Random(seed)
        victim, after, down = chance.choice(VICTIMS), chance.uniform(0, LATEST_BLOW), chance.uniform(0, 0.5)
        return cls(victim, after, down, replica=chance.random(), hasty=chance.random() < HASTY)

    def strike(self, cluster: Cluster, replicas: int) -> None:
        """Kill, and bring back what does not come back by itself. Waits for nothing but what it started."""
        time.sleep(self.after)
        if self.victim == "kafka":
            cluster.kafka.kill()
            time.sleep(self.down)
            cluster.kafka.start()
        elif self.victim == "postmaster":
            cluster.kill_postmaster()
        elif self.victim == "backend":
            reached("a session to be killed", lambda: cluster.kill_backend(lambda pids: pids[int(self.replica * len(pids))]))
        else:
            replica = int(self.replica * replicas)
            extra = cluster.members[f"{self.victim}-{replica}"].extra
            cluster.kill(self.victim, replica)
            time.sleep(self.down)
            cluster.start(self.victim, replica, extra=extra)


def force_repeats(cluster: Cluster, group: str, replicas: int) -> None:
    """Everything the group has read comes again. Waits until it was noticed, so that no blow hides it."""
    before = _times(cluster, group, "repeats")
    _moved(cluster, group, replicas, lambda end: 0)
    cluster.reached(f"{group} to get repeats", lambda: _times(cluster, group, "repeats") > before)


def force_gaps(cluster: Cluster, feeder: Feeder, group: str, replicas: int) -> None:
    """A part is handed in while the group's service is down; then its offsets are set behind most of it, and that is noticed."""
    service, before = group.partition(".")[0], _times(cluster, group, "gaps")
    extra = [cluster.members[f"{service}-{n}"].extra for n in range(replicas)]
    for replica in range(replicas):
        cluster.kill(service, replica)
    feeder.let_go()
    feeder.await_part(feeder.done + 1)
    waiting = "select count(*) from outbox o left join relayed r on r.lane = o.lane where o.id > coalesce(r.id, 0)"
    unread = "select count(*) from handin where state = 'waiting'"
    cluster.reached("hand-ins to be read", lambda: cluster.run("intake", unread)[0][0] == 0)
    cluster.reached("intake to relay everything", lambda: cluster.run("intake", waiting)[0][0] == 0)
    cluster.move_offsets(group, lambda end: end - 3)
    for replica in range(replicas):
        cluster.start(service, replica, extra=extra[replica])
    cluster.reached(f"{group} to notice a gap", lambda: _times(cluster, group, "gaps") > before)


def _times(cluster: Cluster, group: str, what: str) -> int:
    return cluster.counted().get(group, {}).get(what, 0)


def _moved(cluster: Cluster, group: str, replicas: int, to: Any) -> None:
    service = group.partition(".")[0]
    extra = [cluster.members[f"{service}-{n}"].extra for n in range(replicas)]
    for replica in range(replicas):
        cluster.kill(service, replica)
    cluster.move_offsets(group, to)
    for replica in range(replicas):
        cluster.start(service, replica, extra=extra[replica])


# ── a run ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Outcome:
    """What a run came to."""

    picture: Picture
    counted: dict[str, dict[str, int]]
    blows: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def times(self, what: str) -> int:
        """How often something happened, over all consumers."""
        return sum(counts.get(what, 0) for counts in self.counted.values())


def undisturbed(cluster: Cluster, parts: int = PER_RUN) -> Outcome:
    """All hand-ins, and nothing else."""
    return _run(cluster, [None] * parts, 1, forced=False, extra=())


def disturbed(cluster: Cluster, seeds: Sequence[int], *, replicas: int = 1, fault: Sequence[str] = ()) -> Outcome:
    """The same hand-ins with a blow during each part, repeats and gaps."""
    return _run(cluster, [Blow.of(seed) for seed in seeds], replicas, forced=True, extra=fault)


def _run(cluster: Cluster, blows: Sequence[Blow | None], replicas: int, *, forced: bool, extra: Sequence[str]) -> Outcome:
    begin = time.monotonic()
    cluster.begin()
    for service in ("intake", "funding", "reporting"):
        for replica in range(replicas):
            cluster.start(service, replica, extra=extra if service == "funding" else ())
    cluster.await_ready()
    feeder, struck = Feeder(cluster, hand_ins(len(blows))), Counter[str]()
    feeder.start()
    for number, blow in enumerate(blows, 1):
        if blow is None or not blow.hasty:
            cluster.await_ready()
        if forced and number == len(blows) // 2:
            feeder.await_part(number - 1)
            force_gaps(cluster, feeder, "funding.intake", replicas)
        else:
            feeder.let_go()
        if blow is not None:
            blow.strike(cluster, replicas)
            struck[blow.victim] += 1
    if forced:
        force_repeats(cluster, "funding.intake", replicas)
        force_repeats(cluster, "reporting.funding", replicas)
    feeder.await_part(len(blows))
    cluster.await_ready()
    cluster.settle()
    return Outcome(picture(cluster), cluster.counted(), struck, time.monotonic() - begin)


# ── comparing ────────────────────────────────────────────────────────────────────────────────────────────────────────


PARKED: Final = "select consumer, reference, reason from parked where status <> 'released' and subject is not null order by 1, 2"
UNBALANCED: Final = "select subject, book, number from posting group by 1, 2, 3 having sum(cents) <> 0"
STATED: Final = ("totals", "head", "verdict", "parked", "rejected", "suggestions", "counts", "missing", "at_risk_cents")
"""What statements say, but for what depends on the order of delivery: the settlement book, and which event told it."""


def picture(cluster: Cluster) -> Picture:
    """What must be the same however often something was killed, as the databases hold it."""
    funding, reporting = partial(cluster.run, "funding"), partial(cluster.run, "reporting")
    entries = funding("select subject, number, encode(seal, 'hex') from entry where book = 'main' order by 1, 2")
    lines = reporting("select subject, number, encode(sha256(body), 'hex') from line where book = 'main' order by 1, 2")
    return {
        "hand-ins not read": cluster.run("intake", "select name, state, problem from handin where state <> 'read' order by 1"),
        "entries": len(entries),
        "journal digest": _digest(entries),
        "report lines": len(lines),
        "report digest": _digest(lines),
        "matches": sorted(map(str, funding("select subject, voucher, payment, account from match where ended is null"))),
        "statements": _statements(funding("select subject, day, body from statement order by 1, 2")),
        "reported statements": _statements(reporting(
            "select distinct on (subject, as_of) subject, as_of, body from statement order by subject, as_of, id desc")),
        "findings": _findings(funding("select subject, day, body from finding order by 1, 2, id")),
        "reported findings": _findings(reporting(
            """select subject, as_of, body from (select distinct on (subject, as_of, id) * from found
               order by subject, as_of, id, sequence desc) f where open order by 1, 2, id""")),
        "parked": [str(row) for ask in (funding, reporting) for row in ask(PARKED)],
        "unbalanced": funding(UNBALANCED),
        "alarms": [str(row) for ask in (funding, reporting) for row in ask("select subject, what, detail from alarm")],
        "books agree": _books(funding, "entry") == _books(reporting, "line"),
    }


def differences(one: Picture, other: Picture) -> list[str]:
    """Where two pictures are not the same, in words; empty if they are."""
    found = []
    for name, value in one.items():
        if value != other[name]:
            if isinstance(value, list):
                here, there = ([str(v) for v in values] for values in (value, other[name]))
                only = [f"−{v}" for v in here if v not in there] + [f"+{v}" for v in there if v not in here]
                found.append(f"{name}: {len(here)} → {len(there)}: " + "; ".join(only[:4])[:1500])
            else:
                found.append(f"{name}: {value} → {other[name]}")
    return found


def _statements(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    told = []
    for subject, day, body in rows:
        said = json.loads(bytes(body))
        said = said.get("statement", said)
        kept = {name: said[name] for name in STATED if name in said}
        checks = sorted((check["code"], check["outcome"], check["findings"]) for check in said["checks"])
        told.append([subject, str(day), kept, checks, sorted(said["findings"])])
    return told


def _findings(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    found = [(subject, str(day), json.loads(bytes(body))) for subject, day, body in rows]
    return [[s, d, f["id"], f["code"], f["object"], f["at_risk_cents"]] for s, d, f in found]


def _books(ask: Any, table: str) -> list[tuple[Any, ...]]:
    """Numbers of both books: reporting has exactly what funding has."""
    rows: list[tuple[Any, ...]] = ask(f"select subject, book, count(*), max(number) from {table} group by 1, 2 order by 1, 2")
    return rows


def _digest(rows: Sequence[tuple[Any, ...]]) -> str:
    return hashlib.sha256("\n".join(map(str, rows)).encode()).hexdigest()


def faults(expected: Outcome, outcome: Outcome) -> list[str]:
    """What is wrong with a disturbed run: what differs, and what did not even happen."""
    found = differences(expected.picture, outcome.picture)
    found += [f"no {what} in this run: it shows nothing" for what in ("repeats", "gaps", "replayed") if not outcome.times(what)]
    return found


# ── command ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def main() -> int:
    """``make chaos SEEDS=500``."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.kafka.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=50, help="kills, in whole runs of ten (default: %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="seed of the first kill (default: %(default)s)")
    parser.add_argument("--replicas", type=int, default=1, help="processes of every service (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args()
    if lacking := kafka.missing():
        print(f"No chaos without a real Kafka: {lacking}.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # unwind, so that nothing is left running
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    seeds = list(range(given.first, given.first + -(-given.seeds // PER_RUN) * PER_RUN))
    blows, counts, wrong = Counter[str](), Counter[str](), {}
    with tempfile.TemporaryDirectory(prefix="pruefpfad-chaos-") as folder:
        Path(folder).chmod(0o755)
        with chaos_cluster(Path(folder) / "cluster") as cluster:
            expected = undisturbed(cluster)
            _say(f"undisturbed: {expected.picture['entries']} entries, {len(expected.picture['matches'])} matches, "
                 f"{len(expected.picture['findings'])} findings, {expected.seconds:.0f} s")
            for some in (seeds[at : at + PER_RUN] for at in range(0, len(seeds), PER_RUN)):
                try:
                    outcome = disturbed(cluster, some, replicas=given.replicas)
                except NotReached as error:
                    wrong[f"{some[0]}–{some[-1]}"] = [str(error)]
                    _say(f"seeds {some[0]}–{some[-1]}: {error}")
                    continue
                blows.update(outcome.blows)
                counts.update({what: outcome.times(what) for what in ("repeats", "gaps", "replayed", "held")})
                if found := faults(expected, outcome):
                    wrong[f"{some[0]}–{some[-1]}"] = found
                _say(f"seeds {some[0]}–{some[-1]}: {'; '.join(found) if found else 'the same'}  "
                     f"{dict(outcome.blows)}, {outcome.seconds:.0f} s")
    result = {"kills": sum(blows.values()), "by victim": dict(blows), "happened": dict(counts), "wrong": wrong}
    print(json.dumps(result, ensure_ascii=False) if given.json else _told(result))
    return 1 if wrong else 0


def _told(result: dict[str, Any]) -> str:
    verdict = "every run came out as the undisturbed one" if not result["wrong"] else f"WRONG: {result['wrong']}"
    victims = ", ".join(f"{name} {times}" for name, times in sorted(result["by victim"].items()))
    happened = ", ".join(f"{times:,} {what}" for what, times in result["happened"].items())
    return f"{result['kills']} kills ({victims}); {happened}; {verdict}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
