"""Evidence by content digest: the file as it was handed in, kept once under its SHA-256, never overwritten."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from shared.values.source import digest_of


class FileUnknown(LookupError):
    """No file with this digest was ever kept here."""


class FileDamaged(RuntimeError):
    """What lies under a digest is not what was handed in: bring it back from a backup."""


class Files:
    """A folder of files by digest: ``3f/2a/3f2a9c…``. Safe for many threads and processes, and against a crash at any moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, content: bytes | Iterable[bytes]) -> str:
        """Keep bytes, or pieces of them, and return their SHA-256 in hex; it is on disk when this returns. The same bytes again
        change nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        new, hashed = Path(name), hashlib.sha256()
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in (content,) if isinstance(content, bytes) else content:
                    hashed.update(piece)
                    file.write(piece)
                file.flush()
                digest = hashed.hexdigest()
                place = self.place(digest)
                there = place.exists()
                if there:
                    self.check(digest)
                else:
                    os.fsync(file.fileno())
            if there:
                new.unlink()
            else:
                new.chmod(0o440)
                place.parent.mkdir(parents=True, exist_ok=True)
                new.replace(place)      # in one step: a reader sees the whole file or none; equal digests mean equal bytes
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        for folder in (place.parent, place.parent.parent, self.folder):     # of what is there, too: its keeper may have died
            sync(folder)
        return digest

    def read(self, digest: str) -> bytes:
        """Bytes of a digest; ``FileUnknown`` if never kept, ``FileDamaged`` if they are not those any more, ``OSError`` if they
        cannot be reached now."""
        try:
            content = self.place(digest).read_bytes()
        except FileNotFoundError:
            self._must_be_there()
            raise self._unknown(digest) from None
        self._compare(digest, digest_of(content))
        return content

    def check(self, digest: str) -> None:
        """The same without holding the bytes: raises ``FileUnknown`` or ``FileDamaged``."""
        try:
            with self.open(digest) as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            self._must_be_there()
            raise self._unknown(digest) from None
        self._compare(digest, found)

    def open(self, digest: str) -> io.BufferedReader:
        """The bytes of a digest from their beginning, unchecked, for whoever closes them."""
        return self.place(digest).open("rb")

    def _must_be_there(self) -> None:
        """A folder that is not there, such as a volume that is not mounted, says nothing about a single file."""
        if not self.folder.is_dir():
            raise FileNotFoundError(f"the folder of kept files {self.folder} is not there")

    def _unknown(self, digest: str) -> FileUnknown:
        return FileUnknown(f"no file with digest {digest} is kept in {self.folder}")

    def _compare(self, digest: str, found: str) -> None:
        if found != digest:
            raise FileDamaged(
                f"{self.place(digest)} has digest {found}: its content was changed after it was kept; "
                "bring the file back from a backup"
            )

    def place(self, digest: str) -> Path:
        """Where a digest's file lies; ``ValueError`` for what is no digest."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"expected a SHA-256 of 64 lower-case hex digits, got {digest[:80]!r}")
        return self.folder / digest[:2] / digest[2:4] / digest


def sync(folder: Path) -> None:
    """Make a new name in a folder survive a power cut, where the system lets a folder be opened (not on Windows)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
