/**
 * Before the first test: one alliance is seeded, and two hubs run on copies of it. In the quiet one nothing changes but by a
 * test; in the busy one the simulator pushes. More copies wait for the tests that start a hub themselves.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyDatabase, Hub } from './hub.ts';
import { PEOPLE, type Role, signIn } from './people.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'shieldwall-e2e-'));
  const quietDb = path.join(folder, 'quiet.db');
  const busyDb = path.join(folder, 'busy.db');
  console.log('· seeding an alliance (about 20 s)');
  await (await Hub.start({ database: quietDb, quiet: true })).stop();
  copyDatabase(quietDb, busyDb);
  for (const name of ['spare.db', 'passkeys.db', 'oidc.db']) copyDatabase(quietDb, path.join(folder, name));
  const quiet = await Hub.start({ database: quietDb, quiet: true });
  const busy = await Hub.start({ database: busyDb, quiet: false });
  for (const [name, hub] of [['quiet', quiet], ['busy', busy]] as const) {
    for (const role of Object.keys(PEOPLE) as Role[]) await signIn(hub.url, role, path.join(folder, `${name}-${role}.json`));
  }
  // The workers inherit the environment.
  process.env.E2E_FOLDER = folder;
  process.env.E2E_QUIET = quiet.url;
  process.env.E2E_BUSY = busy.url;
  return async () => {
    await Promise.all([quiet.stop(), busy.stop()]);
    if (!process.env.E2E_KEEP) rmSync(folder, { recursive: true, force: true });
  };
}
