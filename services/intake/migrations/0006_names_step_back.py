"""A measure's row that is corrected says what the measure is called now; a name it leaves out steps back before others."""

from __future__ import annotations

from alembic import op

from shared.persistence.migrations import append_only

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Keep each word on a name; the latest about name and measure counts."""
    op.execute("alter table measure_name drop constraint measure_name_pkey")
    op.execute("alter table measure_name add column n bigint generated always as identity primary key")
    op.execute("alter table measure_name add column holds boolean not null default true")
    op.execute("create index measure_name_said on measure_name (name, measure, n)")
    append_only("measure_name")
