"""By what other names measures are called, so that a row that uses one is a fact of the measure."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table. A name once said stays: rows of last year use it, too."""
    op.execute("create table measure_name (name text not null, measure text not null, primary key (name, measure))")
