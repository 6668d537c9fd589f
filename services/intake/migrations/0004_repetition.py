"""Which earlier row a row repeats, so that the trail goes forward from every edition of a list."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import append_only

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.execute(
        """create table repetition (
             digest bytea not null, place text not null, fact uuid not null, of_digest bytea not null, of_place text not null,
             primary key (digest, place)
           )"""
    )
    append_only("repetition")
