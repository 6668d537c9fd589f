"""Settings are read once, completely, and say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.runtime.settings import PREFIX, Settings, SettingsError, read_settings


def test_nothing_set_means_everything_embedded() -> None:
    settings = read_settings({"PATH": "/bin", "HOME": "/home/somebody"})
    assert settings.is_embedded
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.tokens_file == Path("data/tokens.json")


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert read_settings({"PRUEFPFAD_KAFKA": "  ", "PRUEFPFAD_BATCH": ""}) == Settings()


@pytest.mark.parametrize(("given", "reached"), [
    ({"PRUEFPFAD_HTTP": "127.0.0.1:8123"}, "http://127.0.0.1:8123"),
    ({"PRUEFPFAD_HTTP": "127.0.0.1:8123", "PRUEFPFAD_URL": "https://pruefpfad.example.org"}, "https://pruefpfad.example.org"),
    ({"PRUEFPFAD_HTTP": "0.0.0.0:8123"}, "http://127.0.0.1:8000"),
    ({"PRUEFPFAD_HTTP": "127.0.0.1:0"}, "http://127.0.0.1:8000"),
])
def test_without_an_address_people_reach_it_where_it_listens_if_that_is_this_machine_alone(
    given: dict[str, str], reached: str
) -> None:
    assert read_settings(given).url == reached


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="PRUEFPFAD_KAFAK is not a setting; did you mean PRUEFPFAD_KAFKA"):
        read_settings({"PRUEFPFAD_KAFAK": "kafka:9092"})


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"PRUEFPFAD_BATCH": "many", "PRUEFPFAD_HTTP": "8000", "PRUEFPFAD_LOG": "xml", "PRUEFPFAD_URL": "here"})
    text = str(refused.value)
    assert all(f"{PREFIX}{name}" in text for name in ("BATCH=many", "HTTP=8000", "LOG=xml", "URL=here"))


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "database"
    secret.write_text("postgresql://{service}:hush@db/{service}\n", "utf-8")
    settings = read_settings({"PRUEFPFAD_DATABASE_FILE": str(secret)})
    assert settings.database_of("funding") == "postgresql://funding:hush@db/funding"


def test_a_value_given_twice_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "kafka"
    secret.write_text("kafka:9092", "utf-8")
    with pytest.raises(SettingsError, match="PRUEFPFAD_KAFKA is given twice"):
        read_settings({"PRUEFPFAD_KAFKA": "kafka:9092", "PRUEFPFAD_KAFKA_FILE": str(secret)})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"PRUEFPFAD_KAFKA_FILE names a file that cannot be read.*nowhere"):
        read_settings({"PRUEFPFAD_KAFKA_FILE": str(tmp_path / "nowhere")})


@pytest.mark.parametrize("url", ["postgresql://db/pruefpfad", "mysql://{service}@db/{service}"])
def test_a_database_must_differ_by_service_and_be_postgresql(url: str) -> None:
    with pytest.raises(SettingsError, match="PRUEFPFAD_DATABASE=…: expected"):
        read_settings({"PRUEFPFAD_DATABASE": url})


def test_a_password_is_never_shown_in_an_error() -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"PRUEFPFAD_DATABASE": "postgresql://all:hush@db/all"})
    assert "hush" not in str(refused.value)


def test_every_setting_says_what_it_is_for() -> None:
    silent = [name for name, field in Settings.model_fields.items() if not field.description]
    assert silent == []
