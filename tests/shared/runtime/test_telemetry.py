"""Metrics, log lines and progress."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.runtime.telemetry import JsonLines, Progress, Sparing, Telemetry, TextLines, configure_log, exposition, in_one_line


def samples(*telemetries: Telemetry) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    page = exposition(telemetries)[0].decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page) for sample in family.samples
    }


def test_services_of_one_process_are_told_apart_by_their_label() -> None:
    one, two = Telemetry("intake"), Telemetry("funding")
    one.gauge("due", "Measures due", lambda: {(): 3})
    two.gauge("due", "Measures due", lambda: {(): 5})
    found = samples(one, two)
    assert found["pruefpfad_due", frozenset({("service", "intake")})] == 3
    assert found["pruefpfad_due", frozenset({("service", "funding")})] == 5


def test_a_gauge_that_cannot_be_read_is_left_out_and_named() -> None:
    def broken() -> dict[tuple[str, ...], float]:
        raise OSError("away")

    telemetry = Telemetry("funding")
    telemetry.gauge("due", "Measures due", broken)
    telemetry.gauge("open_findings", "Open findings", lambda: {("KOF-01", "high"): 2}, ("code", "severity"))
    found = samples(telemetry)
    assert not [name for name, _ in found if name == "pruefpfad_due"]
    assert found["pruefpfad_gauge_unreadable", frozenset({("service", "funding"), ("gauge", "pruefpfad_due")})] == 1
    labels = frozenset({("service", "funding"), ("code", "KOF-01"), ("severity", "high")})
    assert found["pruefpfad_open_findings", labels] == 2


def test_gauges_are_read_once_for_a_while() -> None:
    reads: list[int] = []

    def read() -> dict[tuple[str, ...], float]:
        reads.append(1)
        return {(): len(reads)}

    telemetry = Telemetry("funding", cache_seconds=3_600)
    telemetry.gauge("due", "Measures due", read)
    assert samples(telemetry) and samples(telemetry)
    assert len(reads) == 1


def test_a_use_case_is_measured_and_its_failure_told() -> None:
    telemetry = Telemetry("funding")
    with telemetry.use_case("post_facts"):
        pass
    with pytest.raises(ValueError, match="no"), telemetry.use_case("post_facts"):
        raise ValueError("no")
    found = samples(telemetry)
    for outcome in ("done", "failed"):
        labels = frozenset({("service", "funding"), ("use_case", "post_facts"), ("outcome", outcome)})
        assert found["pruefpfad_use_case_seconds_count", labels] == 1


def record(text: str, *arguments: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("pruefpfad.use_case", logging.INFO, "here", 1, text, arguments, None)
    if fields:
        made.fields = fields
    return made


def test_a_json_line_is_one_line_with_its_fields() -> None:
    line = JsonLines().format(record("post %s", "facts\nand more", applied=3, actor="Prüfstelle"))
    assert "\n" not in line
    read = json.loads(line)
    assert (read["text"], read["applied"], read["actor"], read["level"]) == ("post facts\nand more", 3, "Prüfstelle", "info")


def test_a_text_line_is_for_people() -> None:
    assert TextLines().format(record("post_facts", applied=3, use_case="post_facts")).endswith("info    post_facts  applied=3")


def test_the_same_complaint_is_let_through_once_in_a_while_and_counted() -> None:
    now = [0.0]
    sparing = Sparing(every=10, clock=lambda: now[0])
    assert [sparing.filter(record("gone")) for _ in range(4)] == [True, False, False, False]
    assert sparing.filter(record("something else"))
    now[0] = 11
    late = record("gone")
    assert sparing.filter(late)
    assert late.getMessage() == "gone (and 3 times more)"


def test_the_kafka_client_is_rate_limited_from_wherever_in_it_the_line_comes() -> None:
    out, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level
    try:
        configure_log("text", out)
        for _ in range(50):
            logging.getLogger("aiokafka.consumer.group_coordinator").error("no coordinator")
            logging.getLogger("aiokafka.conn").error("refused")
    finally:
        root.handlers[:], _ = before[0], root.setLevel(before[1])
    assert out.getvalue().count("no coordinator") == 1
    assert out.getvalue().count("refused") == 1


def test_progress_is_one_line_on_a_terminal_and_json_elsewhere() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    for out in (terminal, pipe):
        progress = Progress(out)
        for _ in range(3):
            progress.tell("reading rows", 9_000, 10_000)
        progress.tell("done")
        progress.end()
    assert terminal.getvalue() == "\rreading rows 9,000 of 10,000" * 3 + "\rdone" + " " * 24 + "\n"
    assert [json.loads(line) for line in pipe.getvalue().splitlines()] == [
        {"step": "reading rows", "done": 9_000, "of": 10_000}, {"step": "done"}
    ]


def test_an_error_without_words_still_has_a_name() -> None:
    assert in_one_line(TimeoutError()) == "TimeoutError"


@pytest.mark.parametrize("form", [JsonLines(), TextLines()])
def test_no_log_line_holds_the_rows_a_database_error_speaks_of(form: logging.Formatter) -> None:
    words = "duplicate key\nDETAIL:  Key (name)=(Musterfrau) is there.\nCONTEXT:  COPY party, line 1: Musterfrau"
    try:
        raise ValueError(words)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "%s %r", (error, error), sys.exc_info())
    assert "Musterfrau" not in form.format(record)
    assert form.format(record).count("duplicate key") == 2          # of the message what stands before the rows, and the error
