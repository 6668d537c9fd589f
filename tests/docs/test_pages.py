"""What is written exists: paths, functions, targets, commands, options, links, settings, addresses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import typer
from pydantic import TypeAdapter

from services.__main__ import app
from shared.contracts.intake import Instruction
from shared.runtime.access import MAY, ROLES
from shared.runtime.settings import PREFIX, Settings
from tests.docs.pages import PAGES, ROOT, anchors, commands, links, quoted, runnable, text_of

FOLDERS: Final = ("services/", "shared/", "tests/", "docs/", "deploy/", "demo/", ".ci/")
EXAMPLES: Final = (
    "services/reporting/domain/documents/receipts_list.py",
    "services/intake/domain/readers/aliases.py",
    "services/funding/domain/checks/vouchers/unexplained_payment.py",
    "deploy/secrets",
)
"""Files that a page tells the reader to make, or that a command makes."""

COMMAND: Final = re.compile(r"(?:^|[\s/`])pruefpfad ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*))?(.*)")


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Path:
    """Each page in turn."""
    found: Path = request.param
    return found


def test_every_path_it_names_is_there(page: Path) -> None:
    named = {word.split(":")[0].split("#")[0].rstrip("/") for word in quoted(page) if word.startswith(FOLDERS)}
    missing = sorted(
        name for name in named if "<" not in name and "*" not in name and name not in EXAMPLES and not (ROOT / name).exists()
    )
    assert not missing


def test_every_function_it_names_is_where_it_says(page: Path) -> None:
    missing = []
    for place, names in (word.split(": ", 1) for word in quoted(page) if re.match(r"[\w/]+\.py: ", word)):
        source = (ROOT / place).read_text("utf-8")
        for name in names.split("."):
            if not re.search(rf"^\s*(async )?(def|class) {re.escape(name)}\b", source, re.M):
                missing.append(f"{place}: {name}")
    assert not missing


def test_every_make_target_it_names_is_in_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = {target for line in commands(page) for target in re.findall(r"(?:^|&& |`)make ([a-z]+)\b", line)}
    assert named <= targets


def test_every_command_and_option_it_names_exists(page: Path) -> None:
    group: Any = typer.main.get_command(app)
    wrong = []
    for line in commands(page):
        called = COMMAND.search(line)
        if not called:
            continue
        command = group.commands.get(called[1])
        if command is not None and hasattr(command, "commands") and called[2]:
            command = command.commands.get(called[2])
        known = {option for parameter in command.params for option in parameter.opts} if command is not None else set()
        options = re.findall(r"(?<![\w-])--[a-z][a-z-]*", (called[3] or "").split("#")[0])
        if command is None or not set(options) <= known | {"--help", "--no-wait"}:
            wrong.append(line)
    assert not wrong


def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in links(page):
        if re.match(r"[a-z]+://", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            broken.append(target)
    assert not broken


def test_it_names_no_folder_of_the_machine_it_was_written_on(page: Path) -> None:
    assert not re.search(r"/(work|root|home)/", text_of(page))


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_table_of_settings_is_that_of_the_program() -> None:
    rows = re.findall(rf"^\| `({PREFIX}\w+)` \| (.+?) \| (.+) \|$", text_of(ROOT / "docs" / "operator.md"), re.M)
    expected = []
    for name, field in Settings.model_fields.items():
        default = "empty" if field.default is None else f"`{field.default}`"
        words = " ".join((field.description or "").split()).replace("``", "`")
        expected.append((PREFIX + name.upper(), default, words))
    assert rows == expected


def test_the_table_of_instructions_names_every_kind_and_each_is_one_that_intake_takes() -> None:
    somebody = "00000000-0000-4000-8000-000000000000"
    written = re.findall(r'^\| `(\{"kind": .*?\})` \|', text_of(ROOT / "docs/handin.md"), re.M)
    named = [json.loads(re.sub(r'("(?:voucher|payment|finding|fact)": )"…"', rf'\1"{somebody}"', one)) for one in written]
    taken = [TypeAdapter(Instruction).validate_python(one) for one in named]
    union, _ = get_args(Instruction)
    assert {type(one) for one in taken} == set(get_args(union))


def test_the_table_of_roles_is_that_of_the_program() -> None:
    text = text_of(ROOT / "docs" / "operator.md")
    for role in ROLES:
        row = re.search(rf"^\| {role} \|(.+)\|$", text, re.M)
        assert row is not None
        assert [cell.strip() == "yes" for cell in row[1].split("|")] == [role in MAY[action] for action in MAY]


def test_these_tests_have_something_to_look_at() -> None:
    """Were the pages written in another way, the tests above would look past them."""
    named = [word for page in PAGES for word in quoted(page)]
    assert sum(word.startswith(FOLDERS) for word in named) > 100
    assert sum(bool(re.match(r"[\w/]+\.py: ", word)) for word in named) > 20
    assert sum(bool(COMMAND.search(line)) for page in PAGES for line in commands(page)) > 30
    assert sum(1 for page in PAGES for _ in links(page)) > 30


def test_the_images_are_small() -> None:
    assert sum(image.stat().st_size for image in (ROOT / "docs" / "images").iterdir()) <= 300_000


def test_code_that_is_marked_as_runnable_is_python() -> None:
    for page, name in (("producer.md", "submit"), ("producer.md", "send"), ("producer.md", "consume"), ("auditor.md", "verify")):
        compile(runnable(ROOT / "docs" / page, name), page, "exec")
