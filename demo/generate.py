"""Writes the hand-ins of the five programmes: ``python -m demo.generate [FOLDER]`` (default: this folder).

The same tables make the same bytes, so the files are kept in the repository and a test writes them again. What the programmes
are expected to show (``expected.toml``) and how they are handed in (``act.toml``) is written by hand, not by this program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from demo.making import harz, herne, kekiz, offenbach, peine

PROGRAMMES: Final[Mapping[str, Callable[[], Iterator[tuple[str, bytes]]]]] = {
    "herne": herne.files,
    "offenbach": offenbach.files,
    "harz": harz.files,
    "peine": peine.files,
    "kekiz": kekiz.files,
}
"""Folder of a programme → its files."""


def write(folder: Path) -> int:
    """Writes every file below ``folder`` and says how many."""
    count = 0
    for key, files in PROGRAMMES.items():
        for path, content in files():
            target = folder / key / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            count += 1
    return count


if __name__ == "__main__":
    if any(word in ("-h", "--help") for word in sys.argv[1:]):
        sys.stdout.write(f"{__doc__}\nExample: python -m demo.generate /tmp/demo\n")
        sys.exit(0)
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    sys.stdout.write(f"{write(into)} files written to {into}\n")
