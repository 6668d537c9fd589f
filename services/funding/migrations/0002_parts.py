"""A voucher may be paid in parts: one match for each bank line."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A voucher and a bank line are matched once."""
    op.execute("create unique index match_pair on match (voucher, payment) where ended is null")
    op.execute("drop index match_voucher")
