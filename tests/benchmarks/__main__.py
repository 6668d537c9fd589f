"""Measures naive, ours and the floor side by side, interleaved, on one real Kafka and one PostgreSQL.

    python -m tests.benchmarks                      about 17 minutes, writes docs/benchmarks.md and docs/benchmarks.json
    python -m tests.benchmarks --short              about 8 minutes: growth to 200,000 events and 2,000 measures only
    python -m tests.benchmarks --quick              about 1 minute, writes nothing
    python -m tests.benchmarks --only two_hops --events 60000 --rounds 1
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.measure import Run, latency, ours, percentile, run_floor, run_naive, sections
from tests.tools import kafka
from tests.tools.cluster import Cluster
from tests.tools.kafka import ROOT

TARGETS: Final = {"two_hops/naive_two_hops": 50.0, "two_hops/floor": 0.25, "two_hops_two_replicas/two_hops": 0.95}
"""Least ratios. Two replicas on the same cores are to cost nothing; runs of one variant differ by more than 5 %."""
PER_SECOND: Final = 8_000
LATENCY_MS: Final = 250.0
FLAT: Final = 0.9
"""Least pace late in terms of pace early: of the last section of a growth run, and of the most measures."""
LIST: Final = 20
"""Vouchers of a measure that come together, as in a list; in turn, as in the other runs, is as no hand-in brings them."""
EDGES: Final = (10_000, 50_000, 100_000, 200_000, 400_000, 600_000, 800_000)


def main() -> int:
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # unwind, so that nothing is left running
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)        # topics that were just made have no leader for a moment
    if lacking := kafka.missing():
        print(f"No benchmark without a real Kafka: {lacking}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pruefpfad-bench-") as folder:
        Path(folder).chmod(0o755)
        with Cluster(Path(folder) / "cluster") as cluster:
            report = measure(cluster, given)
    shown = table(report)
    print(shown)
    if given.write:
        (given.out / "benchmarks.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
        (given.out / "benchmarks.md").write_text(page(report), "utf-8")
    if given.json:
        print(json.dumps(report, ensure_ascii=False))
    return 0 if all(report["met"].values()) or not given.strict else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=60_000, help="vouchers per run of ours and of the floor (%(default)s)")
    parser.add_argument("--naive-events", type=int, default=1_500, help="vouchers per run of the naive service (%(default)s)")
    parser.add_argument("--measures", type=int, default=200, help="measures they belong to (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds; the median counts (%(default)s)")
    parser.add_argument("--latency-events", type=int, default=100, help="vouchers sent into the idle system (%(default)s)")
    parser.add_argument(
        "--growth-events", type=int, default=1_000_000, help="vouchers of the growth run, 0 for none (%(default)s)"
    )
    parser.add_argument(
        "--growth-measures", type=int, nargs="*", default=[2_000, 20_000], help="measures of further runs (%(default)s)"
    )
    parser.add_argument("--only", nargs="*", help="only these variants")
    parser.add_argument("--quick", action="store_true", help="one short round, no growth, nothing written")
    parser.add_argument("--short", action="store_true", help="growth to 200,000 events and 2,000 measures only")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="where the results are written")
    parser.add_argument("--json", action="store_true", help="print the results as JSON, too")
    parser.add_argument("--strict", action="store_true", help="exit code 1 if a target is missed")
    given = parser.parse_args()
    given.write = not (given.quick or given.only)
    if given.quick:
        given.events, given.naive_events, given.rounds, given.latency_events = 20_000, 500, 1, 30
        given.growth_events, given.growth_measures = 0, []
    if given.short:
        given.growth_events, given.growth_measures = 200_000, [2_000]
    return given


def measure(cluster: Cluster, given: argparse.Namespace) -> dict[str, Any]:
    """Run everything; returns what is written as JSON."""
    variants: dict[str, Callable[[], Run]] = {
        "naive": lambda: run_naive(cluster, "naive", given.naive_events, hops=1),
        "naive_two_hops": lambda: run_naive(cluster, "naive_two_hops", given.naive_events, hops=2),
        "floor": lambda: run_floor(cluster, "floor", given.events),
        "one_hop": lambda: ours(cluster, "one_hop", given.events, hops=1, measures=given.measures),
        "two_hops": lambda: ours(cluster, "two_hops", given.events, measures=given.measures),
        "two_hops_two_replicas": lambda: ours(
            cluster, "two_hops_two_replicas", given.events, replicas=2, measures=given.measures
        ),
    }
    load_before, runs = os.getloadavg(), []
    for number in range(1, given.rounds + 1):
        for name, run in variants.items():
            if not given.only or name in given.only:
                runs.append(run())
                _say(f"round {number}: {name:24} {runs[-1].per_second:10,.0f}/s   {_cores(runs[-1])}")
    idle = latency(cluster, given.latency_events) if not given.only or "latency" in given.only else []
    if idle:
        _say(f"latency: p50 {percentile(idle, 50):.0f} ms, p95 {percentile(idle, 95):.0f} ms")
    growth = _growth(cluster, given) if not given.only or "growth" in given.only else {}
    return _report(runs, idle, growth, load_before)


def _growth(cluster: Cluster, given: argparse.Namespace) -> dict[str, Any]:
    growth: dict[str, Any] = {}
    if given.growth_events:
        run = ours(cluster, "growth", given.growth_events, measures=given.measures)
        growth["events"] = [
            {"from": low, "to": high, "per_second": round(rate)} for low, high, rate in sections(run, EDGES)
        ]
        _say("growth: " + ", ".join(f"–{s['to']:,}: {s['per_second']:,}/s" for s in growth["events"]))
    growth["measures"] = []
    for measures in given.growth_measures:
        for events, together in ((given.events, 1), (max(given.events, measures * LIST), LIST)):
            run = ours(cluster, "measures", events, measures=measures, together=together)
            growth["measures"].append(
                {"measures": measures, "together": together, "events": events, "per_second": round(run.per_second)}
            )
            _say(f"{measures:,} measures, {together} vouchers together: {run.per_second:,.0f}/s")
    return growth


def _report(runs: Sequence[Run], idle: Sequence[float], growth: dict[str, Any], load: tuple[float, ...]) -> dict[str, Any]:
    by_name: dict[str, list[Run]] = {}
    for run in runs:
        by_name.setdefault(run.name, []).append(run)
    median = {name: statistics.median(run.per_second for run in some) for name, some in by_name.items()}
    ratios = {
        f"{left}/{right}": round(median[left] / median[right], 3)
        for left, right in (name.split("/") for name in TARGETS) if left in median and right in median
    }
    met = {name: ratios[name] >= least for name, least in TARGETS.items() if name in ratios}
    if "two_hops" in median:
        met[f"two_hops ≥ {PER_SECOND:,}/s"] = median["two_hops"] >= PER_SECOND
    milliseconds = {}
    if idle:
        milliseconds = {f"p{p}": round(percentile(idle, p), 1) for p in (50, 95, 99)} | {"count": len(idle)}
        met[f"p95 < {LATENCY_MS:.0f} ms"] = milliseconds["p95"] < LATENCY_MS
    flat = _flat(growth, median.get("two_hops"))
    met |= {name: value >= FLAT for name, value in flat.items()}
    return {
        "results": [
            {
                "name": name, "per_second": round(median[name], 1), "runs": [round(run.per_second, 1) for run in some],
                "events": some[0].events, "cores": some[-1].cores, "microseconds": some[-1].microseconds,
            }
            for name, some in by_name.items()
        ],
        "ratios": ratios | flat,
        "latency_ms": milliseconds,
        "growth": growth,
        "met": met,
        "machine": {
            "cores": os.cpu_count(), "processor": _processor(), "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(), "load_before": round(load[0], 2),
            "measured_at": datetime.now(UTC).isoformat("T", "seconds"),
        },
    }


def _flat(growth: Mapping[str, Any], two_hops: float | None) -> dict[str, float]:
    """Pace late in terms of pace early; the first section is left out, since in it everything starts."""
    flat = {}
    if len(sections := growth.get("events", [])) > 2:
        flat[f"after {sections[-1]['from']:,} vouchers/before"] = round(sections[-1]["per_second"] / sections[1]["per_second"], 3)
    if two_hops:
        for run in growth.get("measures", [])[-2:]:
            how = "in turn" if run["together"] == 1 else f"in lists of {run['together']}"
            flat[f"{run['measures']:,} measures {how}/two_hops"] = round(run["per_second"] / two_hops, 3)
    return flat


def table(report: dict[str, Any]) -> str:
    """The results as a Markdown table."""
    lines = ["| variant | per second (median) | runs | vouchers |", "|---|---:|---|---:|"]
    for r in report["results"]:
        runs = " · ".join(f"{value:,.0f}" for value in r["runs"])
        lines.append(f"| {r['name']} | **{r['per_second']:,.0f}** | {runs} | {r['events']:,} |")
    lines += ["", "| target | measured | met |", "|---|---:|---|"]
    for name, ratio in report["ratios"].items():
        lines.append(f"| {name} ≥ {TARGETS.get(name, FLAT):g} | {ratio:,.2f} | {'yes' if report['met'][name] else 'no'} |")
    for name, yes in report["met"].items():
        if name not in report["ratios"]:
            value = next((r["per_second"] for r in report["results"] if name.startswith(f"{r['name']} ")), None)
            shown = f"{value:,.0f}/s" if value else f"{report['latency_ms'].get('p95')} ms"
            lines.append(f"| {name} | {shown} | {'yes' if yes else 'no'} |")
    return "\n".join(lines)


def page(report: dict[str, Any]) -> str:
    """``docs/benchmarks.md``."""
    machine, ms = report["machine"], report["latency_ms"]
    parts = [
        "# Benchmarks",
        "Written by `make bench`. Every variant ran on the same real Kafka and the same PostgreSQL (fsync on), one after the "
        "other in interleaved rounds, on one machine together with Kafka and PostgreSQL. Compare ratios, not absolute figures.",
        f"Machine: {machine['cores']} cores ({machine['processor']}), {machine['system']}, Python {machine['python']}, "
        f"load before {machine['load_before']}; {machine['measured_at']}.",
        table(report),
        "- **naive**: FastStream and SQLModel, one message = one transaction = one commit, one and two hops "
        "(`tests/benchmarks/naive.py`).\n"
        "- **floor**: fetch, COPY of the bytes, send on, two hops (`tests/benchmarks/floor.py`).\n"
        "- **one_hop, two_hops**: intake's relay, funding, reporting as separate processes; from the relay's first lane to the "
        "last entry visible in funding's database, or the last line in reporting's. Journal, seals and hash chains included.\n"
        "- Kafka runs with `group.coordinator.append.linger.ms=0` for all: by default a commit waits, which slows the naive "
        "service most.",
    ]
    if ms:
        parts.append(
            f"## Idle latency\n\nFrom the commit of a voucher in intake to its line in reporting, {ms['count']} vouchers one by "
            f"one into an idle system: p50 **{ms['p50']:.0f} ms**, p95 **{ms['p95']:.0f} ms**, p99 {ms['p99']:.0f} ms."
        )
    if events := report["growth"].get("events"):
        rows = "\n".join(f"| {s['from']:,} – {s['to']:,} | {s['per_second']:,} |" for s in events)
        parts.append(f"## Growth\n\nOne run, two hops, by section:\n\n| vouchers | per second |\n|---|---:|\n{rows}")
    if measures := report["growth"].get("measures"):
        rows = "\n".join(
            f"| {m['measures']:,} | {m['events']:,} | {m['together']} | {m['per_second']:,} |" for m in measures
        )
        parts.append(
            "More measures. One voucher of a measure at a time, all measures in turn, is the worst there can be: every voucher "
            "moves a journal and five places. Lists come measure by measure.\n\n"
            f"| measures | vouchers | of a measure together | per second |\n|---:|---:|---:|---:|\n{rows}"
        )
    if busy := [r for r in report["results"] if r["cores"]]:
        rows = "\n".join(
            f"| {r['name']} | {_listed(r['microseconds'])} | {sum(r['microseconds'].values())} | {sum(r['cores'].values()):.2f} |"
            for r in busy
        )
        parts.append(
            "## Where the time goes\n\nProcessor time per voucher, by process, in the last run. What is behind it, and what "
            "was tried: [developer.md](developer.md#speed).\n\n"
            "| variant | µs | sum µs | cores used |\n|---|---|---:|---:|\n" + rows
        )
    return "\n\n".join(parts) + "\n"


def _cores(run: Run) -> str:
    return _listed(run.cores) if run.cores else ""


def _listed(used: dict[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in used.items())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
