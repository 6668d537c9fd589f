"""Evidence is kept once, under its digest, and what was changed is noticed."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.persistence.files import FileDamaged, Files, FileUnknown
from shared.values.source import digest_of


def test_what_is_kept_comes_back_by_its_digest(tmp_path: Path) -> None:
    files = Files(tmp_path / "files")
    digest = files.keep(b"Beleg;Betrag\n1;12,50\n")
    assert digest == digest_of(b"Beleg;Betrag\n1;12,50\n")
    assert files.read(digest) == b"Beleg;Betrag\n1;12,50\n"
    assert files.place(digest).relative_to(tmp_path / "files") == Path(digest[:2], digest[2:4], digest)


def test_the_same_bytes_again_change_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path)
    digest = files.keep(b"x")
    before = files.place(digest).stat()
    assert files.keep(b"x") == digest
    after = files.place(digest).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_many_at_once_leave_one_file_and_no_rest(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(files.keep, [b"y" * 100_000] * 40))) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [digest_of(b"y" * 100_000)]


def test_a_crash_before_the_name_leaves_nothing_under_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(tmp_path)

    def crash(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="no space"):
        files.keep(b"z")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_is_there_already_is_on_disk_too_although_who_kept_it_was_killed_before_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, synced = Files(tmp_path), set[int]()

    def killed(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise InterruptedError

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(InterruptedError):
        files.keep(b"z")
    monkeypatch.setattr(os, "fsync", lambda handle: synced.add(os.fstat(handle).st_ino))
    place = files.place(files.keep(b"z"))
    assert {folder.stat().st_ino for folder in (place.parent, place.parent.parent, tmp_path)} <= synced


def test_a_changed_file_is_not_handed_out_nor_covered_up(tmp_path: Path) -> None:
    files = Files(tmp_path)
    digest = files.keep(b"12,50")
    files.place(digest).chmod(0o640)
    files.place(digest).write_bytes(b"99,50")
    with pytest.raises(FileDamaged, match=digest):
        files.read(digest)
    with pytest.raises(FileDamaged):
        files.keep(b"12,50")


def test_an_unknown_digest_and_what_is_no_digest_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileUnknown):
        Files(tmp_path).read("0" * 64)
    for wrong in ("../../etc/passwd", "A" * 64, ""):
        with pytest.raises(ValueError, match="SHA-256"):
            Files(tmp_path).read(wrong)


def test_pieces_are_kept_as_the_whole_they_make(tmp_path: Path) -> None:
    files = Files(tmp_path)
    digest = files.keep(piece for piece in (b"one ", b"", b"two"))
    assert (digest, files.read(digest)) == (digest_of(b"one two"), b"one two")
    assert files.keep(b"one two") == digest
    files.check(digest)
    with files.open(digest) as file:
        assert file.read() == b"one two"
    assert not list(tmp_path.rglob(".new-*"))


def test_a_changed_file_is_found_without_reading_it_into_memory(tmp_path: Path) -> None:
    files = Files(tmp_path)
    digest = files.keep(b"as handed in")
    files.place(digest).chmod(0o640)
    files.place(digest).write_bytes(b"something else")
    with pytest.raises(FileDamaged, match=digest):
        files.check(digest)
    with pytest.raises(FileDamaged):
        files.keep([b"as handed", b" in"])
    with pytest.raises(FileUnknown):
        files.check(digest_of(b"never kept"))
