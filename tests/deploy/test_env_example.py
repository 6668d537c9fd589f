"""`.env.example` is the list people read: it must name every setting there is, with the default it has."""

from __future__ import annotations

import re
from pathlib import Path

from shared.runtime.settings import PREFIX, Settings, read_settings

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")


def given() -> dict[str, str]:
    return dict(line.split("=", 1) for line in EXAMPLE.splitlines() if re.match(r"[A-Z_]+=", line))


def test_it_names_every_setting_and_no_other() -> None:
    named = {name for name in given() if name.startswith(PREFIX)}
    assert named == {PREFIX + field.upper() for field in Settings.model_fields}


def test_it_changes_nothing() -> None:
    assert read_settings(given()) == Settings()


def test_its_ports_are_those_of_the_compose_file() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    defaults = dict(re.findall(r"\$\{(\w+_PORT):-(\d+)\}", compose))
    assert defaults
    assert defaults == {name: value for name, value in given().items() if name.endswith("_PORT")}
