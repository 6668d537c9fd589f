"""What was answered."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import append_only

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "create table answer (id bigint generated always as identity primary key, subject text not null, "
        "number bigint not null, double bigint not null)"
    )
    append_only("answer")
