# etcd and HAProxy, until the other end of standard input is closed.
#
# Environment: FOLDER, their own, with haproxy.cfg in it; ETCD and HAPROXY, their programs; ADDRESS, where etcd listens; CLIENTS and PEERS, its ports.
set -eu
trap '' INT TERM HUP
cd "$FOLDER"
etcd=
haproxy=
trap 'kill -9 $etcd $haproxy 2>/dev/null || true; wait; rm -rf "$FOLDER/etcd"' EXIT
"$ETCD" --name one --data-dir etcd --listen-client-urls "http://$ADDRESS:$CLIENTS" --advertise-client-urls "http://$ADDRESS:$CLIENTS" \
  --listen-peer-urls "http://$ADDRESS:$PEERS" --initial-advertise-peer-urls "http://$ADDRESS:$PEERS" --initial-cluster "one=http://$ADDRESS:$PEERS" \
  </dev/null >etcd.log 2>&1 &
etcd=$!
"$HAPROXY" -db -f haproxy.cfg </dev/null >haproxy.log 2>&1 &
haproxy=$!
echo "ready"
cat >/dev/null
