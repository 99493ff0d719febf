// What the browser must load, gzip, against what it may cost. Exits 1 where a budget is exceeded.
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const site = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../target/site');
const budgets = [['WASM', '.wasm.gz', 300], ['JS', '.js.gz', 12], ['CSS', '.css.gz', 15]];
let over = false;
for (const [name, suffix, limit] of budgets) {
  const files = readdirSync(site).filter((file) => file.endsWith(suffix));
  const size = files.reduce((sum, file) => sum + statSync(path.join(site, file)).size, 0) / 1000;
  const fits = files.length > 0 && size <= limit;
  console.log(`${fits ? 'ok  ' : 'OVER'} ${name.padEnd(5)} ${size.toFixed(1).padStart(6)} KB of ${limit} KB`);
  over ||= !fits;
}
process.exit(over ? 1 : 0);
