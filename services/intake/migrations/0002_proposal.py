"""What needs two people waits until the second approves it with a token of their own."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import allow

revision = "0002"
down_revision = "0001"

PROPOSAL = """
create table proposal (
  number bigint generated always as identity primary key, subject text not null, instruction jsonb not null,
  actor text not null, proposed_at timestamptz not null,
  state text not null default 'waiting' check (state in ('waiting', 'approved', 'declined')),
  decided_by text, decided_at timestamptz, fact uuid,
  constraint four_eyes check (state <> 'approved' or decided_by is distinct from actor and decided_by is not null)
);
create unique index proposal_waiting on proposal (subject, instruction) where state = 'waiting';
"""


def upgrade() -> None:
    """Make the table. A proposal is decided once; that nobody approves their own is held by the table itself."""
    op.execute(PROPOSAL)
    allow("update", "proposal")
