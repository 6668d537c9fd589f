#!/bin/bash
# Per service one database, one role that owns the tables and one that works with them, with the passwords of the secrets.
# Runs before every start and may be repeated: what is there stays, passwords are set to what the secrets say.
# Tables are made afterwards, by `pruefpfad prepare`.
set -euo pipefail

export PGHOST=postgres PGUSER=postgres PGDATABASE=postgres
PGPASSWORD=$(</run/secrets/postgres_password)
export PGPASSWORD

password() { # password SECRET: the one in its URL, postgresql://role:PASSWORD@host/database
    sed -E 's#^[^:]+://[^:]+:([^@]+)@.*$#\1#' "/run/secrets/$1"
}

owner_password=$(password owner_database)
for service in intake funding reporting; do
    psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --set service="$service" --set owner="${service}_owner" \
        --set password="$(password "${service}_database")" --set owner_password="$owner_password" <<'SQL'
select format('create role %I login', name)
  from unnest(array[:'owner', :'service']) name
 where not exists (select from pg_roles where rolname = name) \gexec
alter role :"owner" password :'owner_password';
alter role :"service" password :'password';
select format('create database %I owner %I template template0 encoding ''UTF8'' locale_provider libc locale ''C''', :'service', :'owner')
 where not exists (select from pg_database where datname = :'service') \gexec
revoke all on database :"service" from public;
grant connect on database :"service" to :"service";
SQL
done
