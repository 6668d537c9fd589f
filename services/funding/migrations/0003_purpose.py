"""What others see of a measure has a table of its own, so that nobody reads all facts of all its neighbours (DOP-01)."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import allow

revision = "0003"
down_revision = "0002"

# A state of a measure is kept until its neighbours were told that it no longer holds: a correction may take it away from them.
PURPOSE = """
create table purpose (
  subject text not null, seen text not null, groups text[] not null, starts date not null, ends date not null,
  awards text[] not null, holds boolean not null default true, told boolean not null default false, primary key (subject, seen)
);
create index purpose_groups on purpose using gin (groups) where holds;
"""

# What stands in the facts already. Their digest is left empty: whoever is reconciled next tells its neighbours once.
KNOWN = """
insert into purpose (subject, seen, groups, starts, ends, awards)
select m.subject, '',
  array(select place || e'\\x1f' || word from
    unnest(array['municipality ' || m.municipality, 'carrier ' || m.carrier, 'ags ' || m.ags]) place,
    unnest(array['service' || e'\\x1f' || nullif(m.service, ''), 'target_group' || e'\\x1f' || nullif(m.target_group, '')]) word
    where place is not null and word is not null),
  (r.body #>> '{implementation,start}')::date, (r.body #>> '{implementation,end}')::date, a.awards
from measure m cross join lateral (select convert_from(m.body, 'UTF8')::jsonb as body) r
  join (select f.subject, array_agg(distinct f.award #>> '{grantor,key}' || e'\\x1f' || (f.award ->> 'reference')) as awards
        from (select subject, id, convert_from(body, 'UTF8')::jsonb -> 'award' as award from fact
              where type in ('de.pruefpfad.grant.awarded.v1', 'de.pruefpfad.award.amended.v1')) f
        where not exists (select from fact c where c.subject = f.subject and c.corrects = f.id)
        group by f.subject) a on a.subject = m.subject
"""


def upgrade() -> None:
    op.execute(PURPOSE)
    op.execute(KNOWN)
    allow("update, delete", "purpose")
    op.execute("alter table measure drop municipality, drop ags, drop carrier, drop service, drop target_group")
    op.execute("alter table journal drop wide")
