"""Lines, facts, statements, findings, reports."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import allow, append_only

revision = "0001"
down_revision = None

TABLES = """
create table line (
  subject text not null, book text not null, number bigint not null, kind text not null, fact uuid not null,
  digest text not null, place text not null, valued_on date not null, known_at timestamptz not null, body bytea not null,
  primary key (subject, book, number)
);
create index line_row on line (digest, place);
create index line_fact on line (fact);

create table known (
  id uuid primary key, subject text not null, type text not null, digest text not null, place text not null,
  known_at timestamptz not null, body bytea not null, nth bigint generated always as identity
);
create index known_subject on known (subject, nth);
create index known_row on known (digest, place);

create table statement (
  id bigint generated always as identity primary key, subject text not null, as_of date not null, event uuid not null unique,
  known_at timestamptz not null, body bytea not null
);
create index statement_latest on statement (subject, as_of, id desc);

create table found (
  subject text not null, as_of date not null, id uuid not null, code text not null, open boolean not null,
  known_at timestamptz not null, body bytea not null, primary key (subject, as_of, id)
);

create table report (
  id uuid primary key, number text not null unique, document text not null, subject text not null, as_of date not null,
  version integer not null, predecessor uuid references report, statement uuid not null, main_head bigint not null,
  settlement_head bigint not null, content_sha256 text not null, data_sha256 text not null, files jsonb not null,
  complete boolean not null, issued_at timestamptz not null, issued_by text not null, outdated_since text,
  unique (subject, document, as_of, version)
);
create index report_digest on report (data_sha256);

create table report_source (
  digest text not null, place text not null, report uuid not null references report, primary key (digest, place, report)
);

create table retrieval (
  id bigint generated always as identity primary key, report uuid not null references report, format text not null,
  actor text not null, fetched_at timestamptz not null
);
create index retrieval_report on retrieval (report);
"""


def upgrade() -> None:
    """Create the tables; lines, facts, statements and what a report stands on are append-only."""
    op.execute(TABLES)
    append_only("line", "known", "statement", "report_source", "retrieval")
    allow("update", "found")
    allow("update (outdated_since)", "report")
