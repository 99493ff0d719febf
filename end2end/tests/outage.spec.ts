/** A hub that goes away and comes back: the page says since when it is not live, keeps what it had, and heals by itself. */
import { expect, live, test } from '../support/test.ts';
import { mark, unmoved } from '../support/marks.ts';
import { Hub } from '../support/hub.ts';
import { signIn } from '../support/people.ts';
import path from 'node:path';

test('the page outlives its hub', async ({ browser, complaints }) => {
  test.slow();
  const folder = process.env.E2E_FOLDER ?? '';
  const database = path.join(folder, 'spare.db');
  let hub = await Hub.start({ database, quiet: true });
  try {
    const session = path.join(folder, 'spare.json');
    await signIn(hub.url, 'executive', session);
    const context = await browser.newContext({ baseURL: hub.url, storageState: session });
    complaints.watch(context);
    complaints.expect(/ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)/);
    const page = await context.newPage();
    await page.goto('/');
    await live(page);
    await mark(page);
    const verdict = (await page.locator('#verdict').textContent()) ?? '';

    await hub.stop();
    await expect(page.locator('#live')).toHaveText('Reconnecting');
    await expect(page.locator('#not-live')).toContainText(/Not live since \d\d:\d\d:\d\dZ/, { timeout: 10_000 });
    await expect(page.locator('#not-live')).toBeInViewport();
    await expect(page.locator('#verdict')).toHaveText(verdict);

    hub = await Hub.start({ database, quiet: true, port: hub.port });
    await expect(page.locator('#live')).toHaveText('Live', { timeout: 45_000 });
    await expect(page.locator('#not-live')).toBeHidden();
    await unmoved(page);
    await context.close();
  } finally {
    await hub.stop();
  }
});
