#!/bin/sh
# One database for each service, and a user for each who can enter no other. The image runs it on an empty volume; by
# hand it makes what a later release needs more.
set -eu

in_database() { psql --quiet --set ON_ERROR_STOP=1 --host /var/run/postgresql --username postgres --dbname "$@"; }

for SERVICE in members requests matching notify partners insight gateway; do
  export SERVICE
  [ -z "$(in_database postgres --tuples-only --command "SELECT 1 FROM pg_database WHERE datname = '$SERVICE'")" ] || continue
  in_database postgres --set service="$SERVICE" <<'SQL'
\set password `cat "/secrets/$SERVICE"`
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done

# Only a superuser can make it; the service finds it there.
in_database matching --command 'CREATE EXTENSION IF NOT EXISTS vector'
in_database postgres --command 'REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC'
