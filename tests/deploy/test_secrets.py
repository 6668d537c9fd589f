"""Secrets are made before the first start, for this installation alone, and never made anew."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")


def made_in(folder: Path) -> dict[str, str]:
    """What the script has made there, by file."""
    subprocess.run([ROOT / "deploy" / "secrets.sh", folder], check=True, capture_output=True)
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def test_every_file_the_containers_need_is_made_and_no_other(folder: Path) -> None:
    needed = set(re.findall(r"\./deploy/secrets/([\w.]+)", COMPOSE))
    assert set(made_in(folder)) == needed >= {"kafka.env", "postgres_password"}


def test_only_the_owner_enters_the_folder_and_containers_read_the_files(folder: Path) -> None:
    made_in(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o444}


def test_what_is_there_stays_and_what_was_taken_away_is_made_anew(folder: Path) -> None:
    before = made_in(folder)
    assert made_in(folder) == before
    (folder / "intake_database").unlink()
    after = made_in(folder)
    assert {name for name in before if before[name] != after[name]} == {"intake_database"}


def test_two_installations_share_nothing(folder: Path, tmp_path: Path) -> None:
    one, other = made_in(folder), made_in(tmp_path / "other")
    assert not {name for name in one if one[name] == other[name]}


def test_kafkas_cluster_id_is_one_kafka_takes(folder: Path) -> None:
    given = re.fullmatch(r"CLUSTER_ID=([A-Za-z0-9_][A-Za-z0-9_-]{21})\n", made_in(folder)["kafka.env"])
    assert given is not None
    assert len(base64.urlsafe_b64decode(given[1] + "==")) == 16
