# A PostgreSQL of its own for tests, without root's rights and without anything to clean up.
#
# Starts a cluster, says where its folder is, and waits until the other end of its standard input is closed, which is when the test program
# ends, however it does. Then it stops the cluster and removes its files.
#
# Environment: BIN, the folder of PostgreSQL's programs; PORT, on loopback; OPTIONS, more options of the server.
set -eu
trap '' INT TERM HUP
folder=$(mktemp -d -t shieldwall-pg-XXXXXX)
trap '"$BIN/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"
"$BIN/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >&2
"$BIN/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-p $PORT -k $folder -c listen_addresses=127.0.0.1 -c max_connections=300 -c shared_buffers=32MB $OPTIONS" start >&2 || {
  cat log >&2
  exit 1
}
echo "$folder"
cat >/dev/null
