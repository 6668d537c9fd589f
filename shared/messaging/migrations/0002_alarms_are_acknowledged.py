"""An alarm stays as a row, and is open until a person says that it was seen to."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("alter table alarm add acknowledged_at timestamptz, add acknowledged_by text")
