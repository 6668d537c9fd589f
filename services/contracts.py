"""Contracts as files: a JSON Schema per event type and an AsyncAPI document per service, committed, so that a change is a diff.

``python -m services.contracts`` writes what is new and refuses what would break a reader; ``--check`` only compares. A changed
shape is a new class with a new ``type``; an event that was published once keeps its schema for ever.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, TypeAdapter

from shared.contracts.funding import FUNDING, FundingEvent
from shared.contracts.intake import INTAKE, IntakeEvent
from shared.contracts.reporting import REPORTING, ReportingEvent
from shared.contracts.submissions import Submission

FOLDER: Final = Path(__file__).parent.parent / "shared" / "contracts" / "schemas"
STREAMS: Final[Mapping[str, tuple[Any, TypeAdapter[Any]]]] = {
    "intake": (IntakeEvent, INTAKE),
    "funding": (FundingEvent, FUNDING),
    "reporting": (ReportingEvent, REPORTING),
}
DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def events(union: Any) -> Iterator[type[BaseModel]]:
    """Event classes of a stream's union."""
    yield from get_args(get_args(union)[0])


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """File name → JSON Schema of everything that is published or accepted."""
    found = {
        f"{e.model_fields['type'].default}.json": e.model_json_schema() for union, _ in STREAMS.values() for e in events(union)
    }
    found["de.pruefpfad.submission.rows.v1.json"] = Submission.model_json_schema()
    return {
        name: {"$schema": DRAFT, "$id": f"urn:pruefpfad:schema:{name.removesuffix('.json')}", **schema}
        for name, schema in found.items()
    }


@cache
def asyncapi() -> dict[str, dict[str, Any]]:
    """File name → AsyncAPI document of each service."""
    from services.funding.app import create as funding
    from services.intake.app import create as intake
    from services.reporting.app import create as reporting
    from shared.runtime.settings import read_settings

    settings = read_settings({}).model_copy(
        update={"kafka": "kafka:9092", "database": "postgresql://{service}@postgres/{service}"}
    )
    made = (make(settings) for make in (intake, funding, reporting))
    return {f"asyncapi-{service.name}.json": _steady(json.loads(service.asyncapi())) for service in made}


def _steady(document: dict[str, Any]) -> dict[str, Any]:
    document["info"]["version"] = "1"
    return document


def breaks(old: Mapping[str, Any], new: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """What of ``new`` a reader or writer of ``old`` could not live with: all but new optional fields and better words."""
    for key in sorted(
        (old.keys() | new.keys())
        - {"description", "title", "$schema", "$id", "examples", "properties", "$defs", "required", "default"}
    ):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield from breaks(old[key], new[key], f"{at}/{key}")
        elif old.get(key) != new.get(key):
            yield f"{at or '/'}: {key} was {_short(old.get(key))}, is {_short(new.get(key))}"
    for group in ("properties", "$defs"):
        before, after = old.get(group, {}), new.get(group, {})
        for name in before:
            if name not in after:
                yield f"{at}/{name} is gone"
            else:
                yield from breaks(before[name], after[name], f"{at}/{name}")
    for name in sorted(set(new.get("required", ())) ^ set(old.get("required", ()))):
        yield f"{at}/{name} " + ("is required now" if name in new.get("required", ()) else "was required and is optional now")


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:120]


def outdated() -> dict[str, list[str]]:
    """File name → how the committed file differs from what is published now; empty when all agree."""
    found: dict[str, list[str]] = {}
    for name, schema in {**schemas(), **asyncapi()}.items():
        file = FOLDER / name
        if not file.exists():
            found[name] = ["is not committed"]
            continue
        committed = json.loads(file.read_text("utf-8"))
        if committed != schema:
            found[name] = list(breaks(committed, schema)) or ["has new optional fields or words"]
    for name in (f.name for f in FOLDER.glob("de.*.json")):
        if name not in schemas():
            found[name] = ["was published and is gone: readers of old streams need it"]
    return found


def write() -> list[str]:
    """Write all files; returns what was refused because it would break a reader."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    refused = []
    for name, schema in {**schemas(), **asyncapi()}.items():
        file = FOLDER / name
        if name.startswith("de.") and file.exists():
            broken = list(breaks(json.loads(file.read_text("utf-8")), schema))
            if broken:
                refused += [f"{name}: {what}" for what in broken]
                continue
        file.write_text(json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    return refused


def main() -> int:
    """0: all agree; 1: something differs or was refused, and what."""
    if "--help" in sys.argv:
        sys.stdout.write(f"{__doc__}\nExample: python -m services.contracts --check\n")
        return 0
    faults = [f"{name}: {what}" for name, all_ in outdated().items() for what in all_] if "--check" in sys.argv else write()
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if faults:
        sys.stderr.write("A changed shape is a new class with a new type; `make contracts` writes what is merely new.\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
