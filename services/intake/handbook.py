"""The tables of ``docs/handin.md``, made from what the readers read by: ``python -m services.intake.handbook`` writes them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from services.intake.domain.errors import CAUSES
from services.intake.domain.readers import TEMPLATES
from services.intake.domain.templates import columns_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "handin.md"


def columns() -> str:
    """A section per kind, with its columns."""
    parts = []
    for template in TEMPLATES.values():
        parts += [f"### `{template.kind}` · {template.title.de} ({template.title.en})", "", template.note.en, ""]
        parts += ["| Spalte | JSON name | must | holds | meaning | also called |", "|---|---|---|---|---|---|"]
        for column in columns_of(template):
            heading = f"{column.heading} JJJJ" if column is template.yearly else column.heading
            cells = (
                heading, f"`{column.name}`", "yes" if column.required else "", column.type.expected.en, column.note.en,
                ", ".join((*column.also, *(f"({heading})" for heading in column.else_))),
            )  # fmt: skip
            parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("")
    return "\n".join(parts)


def errors() -> str:
    """The catalogue of errors."""
    parts = ["| code | what is wrong | Was falsch ist | how to mend it | right |", "|---|---|---|---|---|"]
    for cause in CAUSES:
        cells = (cause.code, cause.cause.en, cause.cause.de, cause.mend.en, f"`{cause.example}`")
        parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(parts) + "\n"


def written(page: str) -> str:
    """The page with its tables as they must be."""
    for name, made in (("columns", columns()), ("errors", errors())):
        begin, end = f"<!-- {name}: made by services.intake.handbook -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n{made}\n{end}{after}"
    return page


def main() -> None:
    """Write the tables into the page; with ``--check`` only say whether they are up to date."""
    page = PAGE.read_text("utf-8")
    made = written(page)
    if "--check" in sys.argv:
        raise SystemExit(0 if made == page else f"{PAGE} is out of date; run: python -m services.intake.handbook")
    PAGE.write_text(made, "utf-8")


if __name__ == "__main__":
    main()
