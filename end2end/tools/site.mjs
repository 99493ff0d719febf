// Puts together what the browser loads, in target/site: the optimised WASM with its glue, the scripts of public/, one
// stylesheet from style/, and a .br and a .gz beside each text-like file, so that the server never compresses them again.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const { bundle, browserslistToTargets } = require('lightningcss');
const esbuild = require('esbuild');
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const from = (...parts) => path.join(root, ...parts);
const site = from('target/site');

rmSync(site, { recursive: true, force: true });
mkdirSync(site, { recursive: true });

execFileSync(process.execPath, [
  path.join(path.dirname(require.resolve('binaryen/package.json')), 'bin/wasm-opt'),
  // What rustc emits for wasm32-unknown-unknown; newer proposals would not load in today's browsers.
  '-Oz', ...['bulk-memory', 'bulk-memory-opt', 'multivalue', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext'].map((f) => `--enable-${f}`),
  from('target/wasm-bindgen/app_bg.wasm'), '-o', path.join(site, 'app_bg.wasm'),
], { stdio: 'inherit' });

for (const name of readdirSync(from('public'))) {
  if (name.endsWith('.js')) continue;
  cpSync(from('public', name), path.join(site, name));
}
const scripts = [from('target/wasm-bindgen/app.js'), ...readdirSync(from('public')).filter((n) => n.endsWith('.js')).map((n) => from('public', n))];
for (const script of scripts) {
  const { code } = esbuild.transformSync(readFileSync(script, 'utf8'), { minify: true, format: script.endsWith('theme.js') ? undefined : 'esm', target: 'es2022' });
  writeFileSync(path.join(site, path.basename(script)), code);
}

const targets = browserslistToTargets(['chrome >= 120', 'firefox >= 121', 'safari >= 17.2']);
const { code } = bundle({ filename: from('style/main.css'), minify: true, targets });
writeFileSync(path.join(site, 'style.css'), code);

for (const name of readdirSync(site)) {
  const bytes = readFileSync(path.join(site, name));
  writeFileSync(path.join(site, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  writeFileSync(path.join(site, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
}
