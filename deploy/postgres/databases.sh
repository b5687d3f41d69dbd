#!/bin/sh
# One database for each service, and a user for each who can enter no other. The image runs it on an empty volume; by
# hand it makes what a later release needs more, and what is missing where the first time broke off.
set -eu

in_database() { psql --quiet --set ON_ERROR_STOP=1 --host /var/run/postgresql --username postgres --dbname "$@"; }

for SERVICE in members requests matching notify partners insight gateway; do
  export SERVICE
  in_database postgres --set service="$SERVICE" <<'SQL'
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'service') AS lacks_user,
       NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service') AS lacks_database \gset
\if :lacks_user
  \set password `cat "/secrets/$SERVICE"`
  CREATE ROLE :"service" LOGIN PASSWORD :'password';
\endif
\if :lacks_database
  CREATE DATABASE :"service" OWNER :"service" ENCODING 'UTF8' TEMPLATE template0;
\endif
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done

# Only a superuser can make it; the service finds it there.
in_database matching --command 'CREATE EXTENSION IF NOT EXISTS vector'
in_database postgres --command 'REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC'
