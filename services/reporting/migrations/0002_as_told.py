"""What was told of a subject is found by its place in the subject's order: a statement knows what came before it, and no more."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import append_only

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Number facts, statements and findings as their streams do, and keep every state of a finding. What is there already came
    first: its number is 0."""
    for table in ("known", "statement", "found"):
        op.execute(f"alter table {table} add column sequence bigint not null default 0")
        op.execute(f"alter table {table} alter column sequence drop default")
    op.execute("drop index known_subject")
    op.execute("create index known_subject on known (subject, sequence)")
    op.execute("alter table found drop constraint found_pkey")
    op.execute("alter table found add primary key (subject, as_of, id, sequence)")
    append_only("found")
