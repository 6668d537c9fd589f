"""Reports are proven against the order in which things came. What was kept before that order was, cannot be carried over."""

from __future__ import annotations

from shared.persistence.migrations import refuse_if

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Refuse a database that was filled before 0002: its findings are of the latest state, its statements of any."""
    refuse_if(
        "select from statement where sequence = 0",
        "it was filled by a program that did not keep in which order things came, so reports on it could not be proven. "
        "Go on with that program, or begin a new installation and hand the files in again",
    )
