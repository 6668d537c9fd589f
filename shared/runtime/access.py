"""Who may do what: bearer tokens with a role, kept as hashes in one file that every service reads for itself.

The file (``tokens.json``, see ``Settings.tokens_file``) holds name, role, SHA-256 and dates; a token itself is shown once,
when it is made. It carries 256 random bits, so a plain hash is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.persistence.files import sync
from shared.runtime.settings import Settings

Role = Literal["submitter", "clerk", "auditor", "operator"]
Action = Literal["look", "hand_in", "decide", "issue", "operate"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
MAY: Final[Mapping[Action, tuple[Role, ...]]] = {
    "look": ("submitter", "clerk", "auditor", "operator"),
    "hand_in": ("submitter", "clerk"),
    "decide": ("clerk",),
    "issue": ("clerk", "auditor"),
    "operate": ("operator",),
}
"""Which roles may do what. An operator keeps the installation running and neither hands in nor decides."""

COMMAND_LINE: Final = "command-line."
"""How the names of the tokens begin that the command line makes for itself."""


@dataclass(frozen=True)
class Actor:
    """Who calls: the name of a token, which every fact and log line carries, and its role."""

    name: str
    role: Role


class UnknownToken(PermissionError):
    """No token, or none that is valid."""


class NoSuchToken(LookupError):
    """There is no token of that name to revoke."""


class TokenExists(ValueError):
    """A valid token of that name is there already."""


class TokenFileUnreadable(RuntimeError):
    """The file of token hashes is damaged. Nobody gets in until it is mended."""


class Token(BaseModel):
    """What is kept of a token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Role
    sha256: str
    created: datetime
    revoked: datetime | None = None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: tuple[Token, ...] = ()


class Tokens:
    """The tokens of an installation, read again when their file changes."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._mutex = threading.Lock()
        self._read: tuple[tuple[int, int, int] | None, tuple[Token, ...]] = (None, ())

    def actor(self, token: str) -> Actor:
        """Whose token this is; raises ``UnknownToken``. Every kept hash is compared, so the time taken tells nothing."""
        digest, found = _hash(token), None
        for kept in self.all():
            if hmac.compare_digest(kept.sha256, digest) and kept.revoked is None:
                found = kept
        if found is None:
            raise UnknownToken("this token is not known or was revoked")
        return Actor(found.name, found.role)

    def all(self) -> tuple[Token, ...]:
        """All tokens, revoked ones included."""
        try:
            stat = self.file.stat()
        except FileNotFoundError:
            return ()
        version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        with self._mutex:
            if self._read[0] != version:
                self._read = (version, _tokens_in(self.file))
            return self._read[1]


def create_token(settings: Settings, name: str, role: Role) -> str:
    """Make a token and return it; this is the only time it can be seen."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", name):
        raise ValueError(f"{name!r} cannot name a token: expected up to 63 letters (a–z), digits, dots, dashes")
    if role not in ROLES:
        raise ValueError(f"{role!r} is not a role, expected one of {', '.join(ROLES)}")
    token = f"pp_{secrets.token_urlsafe(32)}"
    with _changing(settings.tokens_file) as change:
        if any(kept.name == name and kept.revoked is None for kept in change.tokens):
            raise TokenExists(f"there is a valid token named {name} already; revoke it first, or choose another name")
        change.tokens.append(Token(name=name, role=role, sha256=_hash(token), created=datetime.now(UTC)))
    return token


def list_tokens(settings: Settings) -> tuple[Token, ...]:
    """All tokens, revoked ones included, oldest first."""
    return Tokens(settings.tokens_file).all()


def revoke_token(settings: Settings, name: str) -> None:
    """Make the token of this name invalid at once; it stays listed, since facts name it. Raises ``NoSuchToken``."""
    with _changing(settings.tokens_file) as change:
        for index, kept in enumerate(change.tokens):
            if kept.name == name and kept.revoked is None:
                change.tokens[index] = kept.model_copy(update={"revoked": datetime.now(UTC)})
                return
        names = ", ".join(kept.name for kept in change.tokens if kept.revoked is None) or "none"
        raise NoSuchToken(f"there is no valid token named {name}; valid ones: {names}")


def first_tokens(settings: Settings) -> dict[Role, str]:
    """A token per role if nobody has one yet, else nothing: who tries it out can do everything at once.

    The tokens the command line made for itself (``COMMAND_LINE``) do not count: nobody has seen them.
    """
    if any(not kept.name.startswith(COMMAND_LINE) for kept in list_tokens(settings)):
        return {}
    made: dict[Role, str] = {}
    for role in ROLES:
        with suppress(TokenExists):             # another process was faster
            made[role] = create_token(settings, role, role)
    return made


class _changing:
    """Read, change, replace, one at a time. If the block raises, nothing changes."""

    def __init__(self, file: Path) -> None:
        import fasteners

        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = fasteners.InterProcessLock(file.with_name(f".{file.name}.lock"))
        self.tokens: list[Token] = []

    def __enter__(self) -> _changing:
        self._lock.acquire()
        try:
            self.tokens = list(_tokens_in(self.file)) if self.file.exists() else []
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if kind is None:
                beside = self.file.with_name(f".{self.file.name}.new")
                text = json.dumps(_File(tokens=tuple(self.tokens)).model_dump(mode="json"), indent=2)
                with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                    out.write(text + "\n")
                    out.flush()
                    os.fsync(out.fileno())
                beside.replace(self.file)
                sync(self.file.parent)      # else a power cut could bring a revoked token back
        finally:
            self._lock.release()


def _tokens_in(file: Path) -> tuple[Token, ...]:
    try:
        return _File.model_validate_json(file.read_bytes()).tokens
    except (ValidationError, OSError) as error:
        raise TokenFileUnreadable(f"{file} cannot be read as a token file: {error}. Restore it from the backup.") from error


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
