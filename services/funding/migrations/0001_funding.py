"""Facts, journal, matches, statements, findings."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import allow, append_only

revision = "0001"
down_revision = None

# journal is rewritten with every batch: half-empty pages keep new versions beside the old ones.
# An entry's postings are kept with it, as JSON arrays of account, cents, funder and budget year: rows of their own cost posting
# a seventh of its pace (measured). The view shows them line by line.
# Indexes on fact leave out vouchers and bank lines where they can: those come by the hundred thousand.
TABLES = """
create table fact (
  subject text not null, n bigint not null, id uuid not null, type text not null, known_at timestamptz not null, corrects uuid,
  crosses bigint, body bytea not null, primary key (subject, n)
);
create index fact_crosses on fact (crosses) where crosses is not null;
create index fact_rare on fact (subject, n) where type !~ '^de.pruefpfad.(voucher|payment)';

create table entry (
  subject text not null, book text not null check (book in ('main', 'settlement')),
  number bigint not null check (number > 0),
  kind text not null, booked_on date not null, valued_on date not null, reverses bigint, fact uuid not null,
  digest bytea not null, place text not null, seal bytea not null check (length(seal) = 32), postings text not null,
  primary key (subject, book, number)
);
create index entry_fact on entry (fact);
create unique index entry_reversed_once on entry (subject, book, reverses) where reverses is not null;

create view posting as
  select e.subject, e.book, e.number, p.line, p.posting->>0 as account, (p.posting->>1)::bigint as cents, p.posting->>2 as funder,
    (p.posting->>3)::smallint as budget_year
  from entry e cross join lateral jsonb_array_elements(e.postings::jsonb) with ordinality as p(posting, line);

create table journal (
  subject text primary key, kind text not null, number bigint not null default 0, seal bytea not null default '\\x',
  settled bigint not null default 0, settled_seal bytea not null default '\\x', facts bigint not null default 0,
  version bigint not null default 0, due_since timestamptz, touched_at timestamptz not null default clock_timestamp(),
  matching boolean not null default false, own boolean not null default false, wide boolean not null default false, day date,
  failed text, failures bigint not null default 0, retry_at timestamptz
) with (fillfactor = 50);
create index journal_due on journal (kind, due_since) where due_since is not null;
create index journal_day on journal (day) where kind in ('measure', 'programme');

create table measure (
  subject text primary key, key text not null, programme text, municipality text not null, ags text, carrier text not null,
  service text not null, target_group text not null, rule_set text not null, body bytea not null
);
create index measure_programme on measure (programme);
create index measure_municipality on measure (municipality, service);
create index measure_ags on measure (ags, service) where ags is not null;
create index measure_carrier on measure (carrier, service);

create table account_use (account text not null, measure text not null, primary key (account, measure));
create index account_use_measure on account_use (measure);
create table paper_use (paper text not null, measure text not null, primary key (paper, measure));
create index paper_use_measure on paper_use (measure);

create table standing (
  subject text not null, key text not null, version bigint not null, fact uuid not null, entries bigint[] not null,
  primary key (subject, key)
);

create table match (
  subject text not null, entry bigint not null, voucher uuid not null, payment uuid not null, account text not null,
  budget_year smallint not null, body bytea not null, ended bigint, primary key (subject, entry)
);
create unique index match_voucher on match (voucher) where ended is null;
create index match_account on match (account) where ended is null;
create table suggestion (
  voucher uuid not null, payment uuid not null, subject text not null, account text not null, body bytea not null,
  primary key (voucher, payment)
);
create index suggestion_subject on suggestion (subject);
create index suggestion_account on suggestion (account);
create table unmatched (account text not null, number bigint not null, valued_on date not null, primary key (account, number));

create table watched (subject text not null, day date not null, primary key (subject, day));
create table statement (
  subject text not null, day date not null, event uuid not null, body bytea not null, primary key (subject, day)
);
create table finding (
  subject text not null, day date not null, id uuid not null, code text not null, body bytea not null,
  primary key (subject, day, id)
);

create table waiver (
  instruction uuid primary key, subject text not null, at_risk_cents bigint not null, inputs text[] not null
);
create index waiver_subject on waiver (subject);

create table rejection (
  fact uuid primary key, file text not null, series text, concerns text, known_at timestamptz not null
);
create index rejection_concerns on rejection (concerns) where concerns is not null;
create index rejection_series on rejection (series) where series is not null;
create table file (
  file text primary key, series text not null, known_at timestamptz not null, rows bigint not null, rejected bigint not null
);
create index file_series on file (series);
create table told_parked (reference text primary key, subject text not null, fact uuid, attempts bigint not null);
"""


def upgrade() -> None:
    op.execute(TABLES)
    append_only("fact", "entry")
    allow("update", "journal", "measure", "standing", "match", "suggestion", "statement", "finding", "file", "told_parked")
    allow("delete", "account_use", "paper_use", "suggestion", "unmatched", "finding", "told_parked")
