"""Which files are about a subject is asked whenever a measure gets another name: found by the subject, not by reading all."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Find them by their subject."""
    op.execute("create index handin_total_subject on handin_total (subject) where facts > 0")
