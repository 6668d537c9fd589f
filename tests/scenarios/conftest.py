"""The five programmes, handed in once for all scenario tests, in act order, through all three services."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services import demonstration
from services.__main__ import MAKERS
from services.client import Client, token_for
from services.demonstration import Shown
from shared.runtime.settings import Settings
from shared.runtime.stack import Stack
from shared.runtime.telemetry import Progress

DEMO = Path(__file__).parents[2] / "demo"


@dataclass(frozen=True)
class Played:
    """What the demo left: the running stack, what was shown act by act, and the reports."""

    client: Client
    stack: Stack
    shown: dict[str, list[Shown]]
    out: Path

    def reports(self, programme: str, act: int, kind: str, format: str) -> list[Path]:
        """Reports of an act as files."""
        return [
            self.out / r["path"] for r in self.shown[programme][act - 1].reports if (r["kind"], r["format"]) == (kind, format)
        ]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The demo, played once."""
    folder = tmp_path_factory.mktemp("demo")
    settings = Settings(data=folder / "data", http="127.0.0.1:0")
    with Stack(settings, list(MAKERS.values())) as stack, Client(stack.url, token_for(stack.settings)) as client:
        shown = demonstration.play(client, demonstration.load(DEMO), folder / "out", Progress(io.StringIO()))
        yield Played(client, stack, shown, folder / "out")
