# One PostgreSQL under Patroni, which this keeps an eye on: it does what it reads, line by line, and at the end of its standard input, which is when
# the benchmark ends, however it does, it stops both and removes their files.
#
#   start   starts Patroni; answers with the number of its process
#   kill    ends Patroni and PostgreSQL with signal 9, as a machine does that loses its power; answers with "killed"
#
# Environment: FOLDER, this node's own, with patroni.yml in it; BIN, the folder of PostgreSQL's programs; PATRONI, Patroni's program.
set -eu
trap '' INT TERM HUP
cd "$FOLDER"
patroni=

# The number of PostgreSQL's first process, if it runs: after a loss of power its file names one that may be somebody else's by now.
postmaster() {
  first=$(head -n 1 data/postmaster.pid 2>/dev/null) || return 0
  [ "$(readlink "/proc/$first/cwd")" = "$(cd data && pwd -P)" ] && echo "$first" || true
}

end() {
  # With it goes what it has started and waits for, such as a copy of another node.
  [ -z "$patroni" ] || kill -s KILL -- "-$patroni" 2>/dev/null || true
  patroni=
  # A PostgreSQL that it was just about to start has its file by then.
  sleep 0.3
  first=$(postmaster)
  [ -n "$first" ] || return 0
  # Its children end by themselves once it is gone; those that wait for a disk do not, and hold its port.
  children=$(cat "/proc/$first/task/$first/children" 2>/dev/null || true)
  kill -9 "$first" $children 2>/dev/null || true
  tries=50
  while [ "$tries" -gt 0 ] && [ -n "$(postmaster)" ]; do
    sleep 0.1
    tries=$((tries - 1))
  done
}

trap 'end; rm -rf "$FOLDER/data" "$FOLDER/log"' EXIT
echo "ready"
while read -r command; do
  case $command in
  start)
    setsid "$PATRONI" patroni.yml </dev/null >>log 2>&1 &
    patroni=$!
    echo "$patroni"
    ;;
  kill)
    end
    echo "killed"
    ;;
  esac
done
