"""Settings: the ``PRUEFPFAD_…`` variables, read once into one frozen value.

Every variable may instead be given as ``…_FILE``, the path of a file that holds the value (how container secrets arrive).
An unknown ``PRUEFPFAD_…`` variable is refused with the nearest known name, since a misspelt setting is a setting not made.
Empty means "not set". With nothing set at all, everything runs embedded in one process.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

PREFIX: Final = "PRUEFPFAD_"
SERVICES: Final = ("intake", "funding", "reporting")
"""The services there are, in the order in which facts flow."""


class SettingsError(ValueError):
    """Settings that cannot be used. The text names each variable, what was expected, and how to mend it."""


class Settings(BaseModel):
    """Everything that may differ between two installations. A field's variable is ``PRUEFPFAD_`` and its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, str_strip_whitespace=True)

    kafka: str | None = None
    """Kafka to use, ``host:port[,host:port…]``. Empty: a broker inside the process, for trying out, developing and testing."""
    database: str | None = None
    """PostgreSQL URL of the runtime role with ``{service}`` in it, e.g. ``postgresql://{service}:secret@db/{service}``.
    Empty: PostgreSQL out of the wheel, in the data folder."""
    owner_database: str | None = None
    """PostgreSQL URL of the owner role with ``{service}`` in it; only ``prepare`` needs it, the services never."""
    admin_database: str | None = None
    """PostgreSQL URL of a superuser. Given, ``prepare`` also makes databases and roles, with the passwords of the two above."""
    data: Path = Path("data")
    """Folder for what is kept outside the database: stored files, issued reports, tokens; embedded, the database as well."""
    http: str = "127.0.0.1:8000"
    """Address to listen on, ``host:port``."""
    url: str = "http://127.0.0.1:8000"
    """Address under which people reach the installation; printed in QR codes, so choose one that lasts. Not given, it is where we
    listen, if that is this machine alone."""
    services: str | None = None
    """Only for `serve gateway`: where the services are, one address with ``{service}`` in it, e.g. ``http://{service}:8000``, or
    three with commas between: intake, funding, reporting."""
    log: Literal["text", "json"] = "text"
    """``text`` for people, ``json`` for one JSON object per line."""
    installation: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$")] = "local"
    """Name of this installation: the last part of the URN that every event carries as its source."""
    tokens: Path | None = None
    """File with the hashes of the access tokens. Empty: ``tokens.json`` in the data folder."""

    upload_bytes: Annotated[int, Field(ge=1_000, le=4_000_000_000)] = 200_000_000
    """Largest file that may be handed in, in bytes."""
    pdf_entries: Annotated[int, Field(ge=0, le=10_000_000)] = 100_000
    """Most journal entries (a paid voucher has two) a report may carry and still have a PDF file; beyond, CSV and JSON only."""
    batch: Annotated[int, Field(ge=1, le=10_000)] = 2_000
    """Most events that are applied in one transaction."""
    held: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Most events of one subject that are held behind a gap; beyond it only the gap is remembered and all is asked for again."""
    heads_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """How often each publisher tells the last event of all its subjects, in seconds. Lost last events are found so."""
    session_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = 10_000
    """How long Kafka waits for a silent consumer before others take over its lanes, in milliseconds."""
    graceful_seconds: Annotated[float, Field(ge=0, le=600)] = 20.0
    """How long a stop waits for the batch in flight to end and commit, in seconds."""
    replication: Annotated[int, Field(ge=1, le=9)] = 1
    """Replication factor of the topics that ``prepare`` creates."""

    @model_validator(mode="before")
    @classmethod
    def _is_reached_where_it_listens(cls, given: dict[str, object]) -> dict[str, object]:
        host, _, port = str(given.get("http", "")).rpartition(":")
        if "url" not in given and host in ("127.0.0.1", "localhost") and port != "0":
            return given | {"url": f"http://{given['http']}"}
        return given

    @field_validator("database", "owner_database")
    @classmethod
    def _has_a_place_for_the_service(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if "{service}" not in value:
            raise ValueError("expected {service} in it, since every service has a database of its own")
        if not re.match(r"postgres(ql)?(\+psycopg)?://", value):
            raise ValueError("expected a URL such as postgresql://{service}:secret@db:5432/{service}")
        return value

    @field_validator("http")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if not colon or not host or not port.isdigit() or int(port) > 65_535:
            raise ValueError("expected host:port, e.g. 127.0.0.1:8000")
        return value

    @field_validator("url")
    @classmethod
    def _is_a_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("expected an address such as https://pruefpfad.example.org")
        return value.rstrip("/")

    @field_validator("services")
    @classmethod
    def _are_addresses(cls, value: str | None) -> str | None:
        for address in [] if value is None else _addresses(value).values():
            cls._is_a_web_address(address)
        return value

    @property
    def is_embedded(self) -> bool:
        """Does anything run inside this process that production has outside?"""
        return self.kafka is None or self.database is None

    @property
    def urn(self) -> str:
        """Source of the events of this installation."""
        return f"urn:pruefpfad:{self.installation}"

    @property
    def host(self) -> str:
        """Host to listen on."""
        return self.http.rpartition(":")[0]

    @property
    def port(self) -> int:
        """Port to listen on; 0 lets the system choose."""
        return int(self.http.rpartition(":")[2])

    @property
    def tokens_file(self) -> Path:
        """Where the hashes of the access tokens are."""
        return self.tokens or self.data / "tokens.json"

    def address_of(self, service: str) -> str:
        """Where a service of its own process answers, for the gateway."""
        if self.services is None:
            raise SettingsError(f"{PREFIX}SERVICES is empty: the gateway must know where the services are")
        return _addresses(self.services)[service]

    def database_of(self, service: str) -> str:
        """URL of the service's database for the runtime role."""
        if self.database is None:
            raise SettingsError(f"{PREFIX}DATABASE is empty and no embedded PostgreSQL was started")
        return self.database.replace("{service}", service)

    def owner_database_of(self, service: str) -> str:
        """URL of the service's database for the role that owns its tables."""
        if self.owner_database is None:
            raise SettingsError(f"{PREFIX}OWNER_DATABASE is empty: to prepare a database its owner's URL is needed")
        return self.owner_database.replace("{service}", service)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises ``SettingsError`` naming every variable at fault."""
    environment = os.environ if environment is None else environment
    given: dict[str, str] = {}
    faults: list[str] = []
    for variable in sorted(v for v in environment if v.startswith(PREFIX)):
        name, from_file = _field_of(variable)
        if name is None:
            near = difflib.get_close_matches(variable, [PREFIX + field.upper() for field in Settings.model_fields], n=1, cutoff=0)
            faults.append(f"{variable} is not a setting; did you mean {near[0]}? Every setting is in .env.example.")
            continue
        value = environment[variable].strip()
        if from_file and value:
            try:
                value = Path(value).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(f"{variable} names a file that cannot be read as text: {error}")
                continue
        if not value:
            continue
        if name in given:
            faults.append(f"{PREFIX}{name.upper()} is given twice, once as {PREFIX}{name.upper()}_FILE; keep one of them")
        given[name] = value
    try:
        settings = Settings.model_validate(given) if not faults else None
    except ValidationError as error:
        settings = None
        for fault in error.errors():
            name = str(fault["loc"][0])
            faults.append(f"{PREFIX}{name.upper()}={_shown(name, given)}: {fault['msg'].removeprefix('Value error, ')}")
    if settings is None:
        raise SettingsError("\n".join(faults))
    return settings


def _addresses(given: str) -> dict[str, str]:
    """Addresses by service."""
    each = [part.strip().rstrip("/") for part in given.split(",")]
    if len(each) == 1 and "{service}" in given:
        each *= len(SERVICES)
    if len(each) != len(SERVICES):
        raise ValueError(f"expected one address with {{service}} in it, or {len(SERVICES)}: {', '.join(SERVICES)}")
    return {service: address.replace("{service}", service) for service, address in zip(SERVICES, each, strict=True)}


def _field_of(variable: str) -> tuple[str | None, bool]:
    """Field that a variable sets, and whether its value is the path of a file."""
    name = variable.removeprefix(PREFIX).lower()
    if name in Settings.model_fields:
        return name, False
    if name.endswith("_file") and name.removesuffix("_file") in Settings.model_fields:
        return name.removesuffix("_file"), True
    return None, False


def _shown(name: str, given: Mapping[str, str]) -> str:
    """The value as an error may show it: database URLs hold passwords."""
    return "…" if "database" in name else given.get(name, "")
