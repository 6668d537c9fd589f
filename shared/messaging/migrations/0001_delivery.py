"""Outbox, positions, inbox, what waits, and what a person must see."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import allow, append_only

revision = "0001"
down_revision = None

# told, relayed and inbox are rewritten with every batch: half-empty pages keep new versions beside the old ones (HOT), and
# no index covers a column that changes with each event.
TABLES = """
create table outbox (
  lane smallint not null, id bigint generated always as identity, subject text not null, sequence bigint not null,
  previous bytea not null, digest bytea not null, type text not null, event_id uuid not null, recorded_at timestamptz not null,
  actor text not null, approved_by text, correlation uuid, cause uuid, body bytea not null,
  written_at timestamptz not null default now(),
  primary key (lane, id)
);
create unique index outbox_subject_sequence on outbox (subject, sequence);

create table told (
  subject text primary key, lane smallint not null, sequence bigint not null, digest bytea not null
) with (fillfactor = 50);

create table relayed (
  lane smallint primary key, id bigint not null, at bigint not null, cluster text not null
) with (fillfactor = 10);

create table inbox (
  consumer text not null, subject text not null, lane smallint not null, sequence bigint not null, digest bytea not null,
  head bigint not null, held bigint not null, state text not null check (state in ('ok', 'gap', 'behind', 'fork')),
  primary key (consumer, subject)
) with (fillfactor = 50);
create index inbox_unusual on inbox (consumer, state) where state <> 'ok';

create table applied (
  consumer text not null, subject text not null, first bigint not null, digests bytea not null,
  primary key (consumer, subject, first)
);

create table held (
  consumer text not null, subject text not null, sequence bigint not null, previous bytea not null, digest bytea not null,
  type bytea not null, body bytea not null,
  primary key (consumer, subject, sequence)
);

create table parked (
  id bigint generated always as identity primary key, consumer text not null, reference text not null, subject text,
  sequence bigint, type text not null,
  status text not null check (status in ('waiting', 'unreadable', 'refused', 'released', 'dismissed')),
  reason text not null check (reason <> ''), waits_for text, headers jsonb, body bytea not null, attempts bigint not null,
  parked_at timestamptz not null default now(), changed_at timestamptz not null default now()
);
create unique index parked_reference on parked (consumer, reference);
create index parked_waiting on parked (consumer, waits_for, id) where status = 'waiting';

create table heard (
  consumer text not null, lane smallint not null, at timestamptz not null, primary key (consumer, lane)
);

create table alarm (
  consumer text not null, subject text not null, what text not null, detail text not null, times bigint not null,
  first_at timestamptz not null default now(), last_at timestamptz not null default now(),
  primary key (consumer, subject, what)
);

create table counted (who text not null, what text not null, times bigint not null, primary key (who, what));
"""


def upgrade() -> None:
    op.execute(TABLES)
    append_only("outbox", "applied")
    allow("update", "told", "relayed", "inbox", "parked", "heard", "alarm", "counted")
    allow("delete", "held")
