/** From a partner's push to the open page, without a reload. */
import { expect, openLive, QUIET, test } from '../support/test.ts';
import { mark, unmoved } from '../support/marks.ts';
import { Partner, PARTNER, unique } from '../support/partner.ts';

test.describe('the first push', () => {
  test.use({ role: 'org_admin' });

  test('a key made on the page pushes, and the page shows it arrive', async ({ page }) => {
    await openLive(page, '/connect');
    const name = unique('exporter');
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Create key' }).click();
    const shown = page.getByRole('region', { name: 'Your new API key' });
    const key = (await shown.textContent()) ?? '';
    expect(key).toMatch(/^swk_[0-9A-Za-z]{53}$/);
    const command = page.getByRole('region', { name: 'Command for the first push' });
    await expect(command).toContainText(`Authorization: Bearer ${key}`);
    await expect(page.locator('#live')).toHaveClass('live on');
    await mark(page);
    const receipt = await Partner.with(QUIET, key).metric('mfa_coverage_pct', 91.5);
    const arrival = page.locator('.arrivals li', { has: page.locator(`a[href="/receipts/${receipt.id}"]`) });
    await expect(arrival).toContainText('kept 1');
    await unmoved(page);
    // The key is shown once: what arrives must not take it from the screen.
    await expect(shown).toHaveText(key);
    await expect(command).toContainText(key);
    await arrival.getByRole('link', { name: 'Receipt' }).click();
    await expect(page.getByRole('region', { name: 'Payload as pushed' })).toContainText('"mfa_coverage_pct"');
    await expect(page.locator('.facts-list')).toContainText(name);
    // Whoever comes back finds the key's name, never the key.
    await page.goto('/connect');
    expect(await page.content()).not.toContain(key);
    const row = page.getByRole('row', { name });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await expect(row).toContainText('Revoked');
    // The hub believes a key it has just seen for a few seconds.
    const pushing = () => Partner.with(QUIET, key).metric('mfa_coverage_pct', 91.5).then(() => 'kept', String);
    await expect.poll(pushing, { timeout: 10_000 }).toContain('refused with 401');
  });

  test('a list that changes under the pointer still acts on what it shows', async ({ page }) => {
    const [kept, gone] = [unique('kept'), unique('gone')];
    await Partner.make(QUIET, gone);
    await openLive(page, '/connect');
    // Another key takes the first place of the list, and a push makes the open page take it on.
    await (await Partner.make(QUIET, kept)).metric('mfa_coverage_pct', 91.5);
    await expect(page.getByRole('row', { name: kept })).toBeVisible();
    await page.getByRole('row', { name: gone }).getByRole('button', { name: 'Revoke' }).click();
    await expect(page.getByRole('row', { name: gone })).toContainText('Revoked');
    await page.getByRole('row', { name: kept }).getByRole('button', { name: 'Revoke' }).click();
    await expect(page.getByRole('row', { name: kept })).toContainText('Revoked');
  });

  test('the receipt of a refused item names its field', async ({ page }) => {
    const partner = await Partner.at(QUIET);
    const now = new Date().toISOString();
    const receipt = await partner.push(
      'metrics',
      { metric: 'backup_success_pct', value: 97, observed_at: now },
      { metric: 'no_such_metric', value: 1, observed_at: now },
      { metric: 'edr_coverage_pct', value: 'many', observed_at: now },
    );
    expect(receipt).toMatchObject({ total_count: 3, success_count: 1, failure_count: 2 });
    await page.goto(`/receipts/${receipt.id}`);
    const refused = page.getByRole('region', { name: 'Refused items' }).getByRole('row');
    for (const failure of receipt.failures) {
      await expect(refused.filter({ has: page.locator('code', { hasText: failure.pointer }) })).toContainText(failure.detail);
    }
    await expect(page.locator('.stat', { hasText: 'Refused' }).locator('.stat-value')).toHaveText('2');
    expect(receipt.failures.map((failure) => failure.pointer)).toEqual(['/items/1/metric', '/items/2/value']);
  });
});

test('a value changes on the open page of its metric', async ({ page }) => {
  const partner = await Partner.at(QUIET);
  await openLive(page, `/orgs/${PARTNER.slug}/metrics/kev_overdue`);
  const newest = page.locator('.stat', { hasText: 'Newest value' }).locator('.stat-value');
  for (const value of [7, 3]) {
    await mark(page);
    const receipt = await partner.metric('kev_overdue', value);
    await expect(newest).toHaveText(String(value));
    await expect(page.locator(`a[href="/receipts/${receipt.id}"]`)).toBeVisible();
    await unmoved(page);
  }
});

