#!/usr/bin/env bash
# Sees that a tool is there; installs what can be installed; otherwise says what is missing and how to get it.
# Usage: check-tools.sh wasm|node|postgres|strace|proxies|failover|python|chromium
set -euo pipefail

stop() {
  echo "shieldwall: $*" >&2
  exit 1
}

case "${1:-}" in
wasm)
  command -v cargo >/dev/null || stop "Rust is missing. Install it with rustup: https://rustup.rs"
  if ! command -v rustup >/dev/null; then
    [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] || stop "the Rust target wasm32-unknown-unknown is missing, and there is no rustup to add it."
  elif ! rustup target list --installed | grep -qx wasm32-unknown-unknown; then
    echo "· adding the Rust target wasm32-unknown-unknown"
    rustup target add wasm32-unknown-unknown || stop "the Rust target wasm32-unknown-unknown could not be added."
  fi
  command -v cc >/dev/null || stop "a C compiler is missing (Debian: apt-get install build-essential)."
  ;;
node)
  command -v node >/dev/null && command -v npm >/dev/null || stop "Node.js 20 and npm are missing (https://nodejs.org)."
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || stop "Node.js 20 or newer is needed; this is $(node --version)."
  ;;
postgres)
  if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && [ -z "${SHIELDWALL_TEST_POSTGRES_BIN:-}" ]; then
    echo "· installing PostgreSQL from Debian's packages (once); the tests start one of their own"
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; } ||
      stop "PostgreSQL could not be installed; install Debian's package postgresql and try again."
  fi
  ;;
strace)
  if ! command -v strace >/dev/null; then
    echo "· installing strace from Debian's packages (once); the tests watch with it what the hub writes and syncs"
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq strace >/dev/null; } ||
      stop "strace could not be installed; install Debian's package strace and try again."
  fi
  ;;
proxies)
  if ! { [ -x /usr/sbin/nginx ] || command -v nginx; } >/dev/null || ! { [ -x /usr/sbin/haproxy ] || command -v haproxy; } >/dev/null; then
    echo "· installing nginx and HAProxy from Debian's packages (once); the tests start their own, on this machine alone"
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends nginx haproxy >/dev/null; } ||
      stop "nginx and HAProxy could not be installed; install Debian's packages nginx and haproxy and try again."
  fi
  ;;
failover)
  bash "$0" postgres
  missing=""
  for program in patroni patronictl etcd haproxy; do
    { [ -x "/usr/sbin/$program" ] || command -v "$program" >/dev/null; } || missing="$missing $program"
  done
  if [ -n "$missing" ]; then
    echo "· installing$missing from Debian's packages (once); the benchmark starts its own, on this machine alone"
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends patroni python3-etcd etcd-server haproxy iproute2 >/dev/null; } ||
      stop "Patroni, etcd and HAProxy could not be installed; install Debian's packages patroni, python3-etcd, etcd-server and haproxy and try again."
  fi
  ;;
python)
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo "· installing Python from Debian's packages (once); schemathesis, which checks the API against its description, runs on it"
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null; } ||
      stop "Python could not be installed; install Debian's package python3-venv and try again."
  fi
  ;;
chromium)
  if ! command -v chromium >/dev/null; then
    echo "· installing Chromium from Debian's packages (once)"
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } ||
      stop "Chromium could not be installed; install Debian's package chromium and try again."
  fi
  ;;
*)
  stop "usage: check-tools.sh wasm|node|postgres|strace|proxies|failover|python|chromium"
  ;;
esac
