#!/usr/bin/env bash
# Checks the description of the push API: what it says (spectral, redocly), and that a hub does what it says (schemathesis, for a minute).
# Wants target/debug/shieldwall; starts a hub of its own on this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."

hub=$PWD/target/debug/shieldwall
tools=$PWD/target/tools/schemathesis
config=$PWD/end2end/schemathesis.toml
folder=$(mktemp -d)
pid=""
end() {
  [ -z "$pid" ] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }
  rm -rf "$folder"
}
trap end EXIT

export DATABASE_URL="sqlite://$folder/hub.db"
"$hub" admin org add harbour --name "Harbour" --country NO >/dev/null 2>&1
key=$("$hub" admin key create --org harbour --name description --scopes metrics,incidents,events,indicators,backfill 2>/dev/null)
port=$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
"$hub" serve --listen "127.0.0.1:$port" --optional-second-factor >"$folder/hub.log" 2>&1 &
pid=$!
for _ in $(seq 100); do
  curl -sf "http://127.0.0.1:$port/readyz" >/dev/null && break
  sleep 0.1
done
curl -sf "http://127.0.0.1:$port/openapi.json" >"$folder/openapi.json"

echo "· reading the API's description"
(cd end2end && npx --no-install spectral lint --quiet --fail-severity=warn --ruleset spectral.yaml "$folder/openapi.json")
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
(cd end2end && npx --no-install redocly lint --extends recommended --format json "$folder/openapi.json" >"$folder/redocly.json" 2>/dev/null) || true
node -e 'const { totals, problems } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8")); if (totals.errors + totals.warnings) { console.error(JSON.stringify(problems, null, 1)); process.exit(1) }' "$folder/redocly.json"

if ! [ -x "$tools/bin/schemathesis" ]; then
  echo "· installing schemathesis (once)"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement end2end/requirements.txt
fi
echo "· asking a hub whether it does what its description says (a minute)"
# A key may push 600 times a minute. The seed makes two runs the same. What it leaves behind stands in the folder that goes.
(
  cd "$folder"
  timeout 150 "$tools/bin/schemathesis" --config-file "$config" run openapi.json --url "http://127.0.0.1:$port" -H "Authorization: Bearer $key" \
    --checks all --max-examples 15 --max-time 60 --rate-limit 9/s --seed 1 --generation-database none --warnings off >schemathesis.log 2>&1
) || {
  tail -120 "$folder/schemathesis.log" >&2
  exit 1
}
tail -3 "$folder/schemathesis.log"
