"""Hand-ins, rows as they came, what each key says, council objects, submissions."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import allow, append_only

revision = "0001"
down_revision = None

TABLES = """
create table handin (
  id uuid primary key, number bigint generated always as identity unique, digest text not null, nth integer not null,
  name text not null, kind text not null, given jsonb not null, submission text, actor text not null,
  received_at timestamptz not null, state text not null check (state in ('waiting', 'read', 'refused', 'failed')),
  series text not null, columns jsonb not null, rows integer not null default 0, facts integer not null default 0,
  known integer not null default 0, rejected integer not null default 0, ignored integer not null default 0,
  remarks jsonb not null default '[]', problem jsonb, read_at timestamptz, unique (digest, nth)
);
create index handin_waiting on handin (number) where state = 'waiting';

create table handin_total (
  handin uuid not null references handin, subject text not null, facts integer not null, cents bigint not null,
  primary key (handin, subject)
);

create table row_text (
  digest bytea not null, place text not null, cells text, ignored text, erased_at timestamptz, primary key (digest, place)
);

create table rejection (
  handin uuid not null references handin, place text not null, ordinal integer not null, error text not null, column_name text,
  value text, expected text not null, mend text not null, primary key (handin, place, ordinal)
);

create table standing (
  key bytea not null, twin integer not null, revision integer not null, content bytea not null, fact uuid not null,
  marked boolean not null, state text, digest bytea not null, place text not null, primary key (key, twin, revision)
);
create index standing_row on standing (digest, place);

create table council (
  id text primary key, kind text not null, modified text not null, names text[] not null, body jsonb not null
);
create index council_names on council using gin (names);

create table submission (
  source text not null, id text not null, digest text not null, handin uuid not null, primary key (source, id)
);

create table set_aside (
  partition integer not null, position bigint not null, reason text not null, headers jsonb not null, body bytea not null,
  kept_at timestamptz not null, primary key (partition, position)
);

create table installation (name text primary key, value bytea not null);
"""


def upgrade() -> None:
    """Make the tables. What says who a fact is, and what was submitted, is never changed; texts can be erased."""
    op.execute(TABLES)
    append_only("standing", "submission", "set_aside", "installation")
    allow("update", "handin", "handin_total", "row_text", "rejection", "council")
