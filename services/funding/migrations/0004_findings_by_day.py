"""Findings are listed, summed and counted by day: what was found on earlier days need not be read for that."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Find them by their day."""
    op.execute("create index finding_day on finding (day, code, id)")
