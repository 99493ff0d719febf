/** Two hubs on one PostgreSQL are one alliance: signed in at one, the other shows live what the first took, down to the receipt. */
import path from 'node:path';
import { Hub } from '../support/hub.ts';
import { mark, unmoved } from '../support/marks.ts';
import { Partner, PARTNER, unique } from '../support/partner.ts';
import { PEOPLE } from '../support/people.ts';
import { Postgres } from '../support/postgres.ts';
import { expect, live, test } from '../support/test.ts';

test('what one node takes the other one shows, from the collective to the receipt', async ({ browser, complaints }) => {
  test.setTimeout(240_000);
  const folder = process.env.E2E_FOLDER ?? '';
  const postgres = await Postgres.start();
  const nodes: Hub[] = [];
  try {
    const url = postgres.create('alliance');
    // The first one makes schema and data; the second finds them.
    for (const name of ['node-a', 'node-b']) nodes.push(await Hub.start({ database: path.join(folder, name), url, quiet: true }));
    const [a, b] = nodes as [Hub, Hub];
    const context = await browser.newContext();
    complaints.watch(context);
    const page = await context.newPage();

    await page.goto(`${a.url}/signin`);
    await page.getByLabel('Mail address').fill(PEOPLE.org_admin.email);
    await page.getByLabel('Password').fill(PEOPLE.org_admin.password);
    await page.locator('.fields').getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(`${a.url}/`);
    const made = await page.request.post(`${a.url}/connect`, { form: { name: unique('nodes') }, headers: { origin: a.url } });
    const partner = Partner.with(a.url, /swk_[0-9A-Za-z]{53}/.exec(await made.text())?.[0] ?? '');

    await page.goto(`${b.url}/`);
    await live(page);
    await expect(page.getByText(PEOPLE.org_admin.name)).toBeVisible();
    await page.locator('.multiple', { hasText: PARTNER.name }).click();
    await expect(page).toHaveURL(`${b.url}/orgs/${PARTNER.slug}`);
    await live(page);
    const protect = page.locator('details.domain', { hasText: 'Protect' });
    await protect.locator('summary').click();
    const row = protect.getByRole('row', { name: 'DMARC policy reject' });
    await mark(page);
    await partner.metric('dmarc_reject_pct', 44);
    await expect(row).toContainText('44 %');
    await unmoved(page);

    await row.getByRole('link').click();
    await page.getByRole('link', { name: /^Receipt/ }).first().click();
    await expect(page).toHaveURL(/\/receipts\/[\w-]+/);
    await expect(page.getByRole('region', { name: 'Payload as pushed' })).toContainText('"dmarc_reject_pct"');

    // One of the nodes goes; the page at the other one stays live.
    await a.stop();
    await page.goto(`${b.url}/`);
    await live(page);
    await context.close();
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await postgres.stop();
  }
});
