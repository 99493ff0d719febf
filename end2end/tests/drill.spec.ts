/** From the collective to the single record in three clicks. */
import { BUSY, expect, openLive, test } from '../support/test.ts';
import { CRITICAL } from '../support/places.ts';

test.describe('where partners push', () => {
  test.use({ hub: BUSY });

  test('collective → organisation → metric → receipt with the raw payload', async ({ page }) => {
    await openLive(page, '/?range=7d');
    await page.locator('.multiple', { hasText: 'Osterby Freight' }).click();
    await expect(page).toHaveURL('/orgs/osterby-freight?range=7d');
    await page.locator('.causes a[href*="/metrics/"]').first().click();
    await expect(page).toHaveURL(/\/orgs\/osterby-freight\/metrics\/\w+\?range=7d$/);
    await page.getByRole('link', { name: /^Receipt/ }).first().click();
    await expect(page).toHaveURL(/\/receipts\/[\w-]+\?range=7d$/);
    await expect(page.getByRole('region', { name: 'Payload as pushed' })).toContainText('"observed_at"');
    // The way back keeps the range.
    await page.getByRole('navigation', { name: 'Breadcrumbs' }).getByRole('link', { name: 'Overview' }).click();
    await expect(page).toHaveURL('/?range=7d');
  });
});

test('collective → open critical → incident → event with the raw record', async ({ page }) => {
  await openLive(page, '/');
  await page.locator('.stat', { hasText: 'Open critical' }).getByRole('link').click();
  await page.getByRole('link', { name: CRITICAL }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(CRITICAL);
  await expect(page.getByRole('region', { name: 'Newest revision as pushed' })).toContainText(CRITICAL);
  await page.getByRole('link', { name: /^Open event/ }).first().click();
  await expect(page.getByRole('region', { name: 'Event as pushed' })).toContainText('"observed_at"');
  await expect(page.getByRole('navigation', { name: 'Breadcrumbs' })).toContainText(CRITICAL);
});

test('collective → indicators → indicator with the raw record', async ({ page }) => {
  await openLive(page, '/');
  await page.locator('.indicators .bars a', { hasText: 'TLP:GREEN' }).click();
  await page.locator('[data-row]').first().click();
  await expect(page.getByRole('region', { name: 'Indicator as pushed' })).toContainText('"value"');
  await expect(page.getByRole('region', { name: 'Reports of this value' }).getByRole('row')).not.toHaveCount(1);
});

test('an own indicator leads to its receipt, another organisation\'s says that it is not shared', async ({ page }) => {
  await page.goto('/indicators?org=quillon-bank');
  await page.locator('[data-row]').first().click();
  await page.getByRole('row', { name: 'this report' }).getByRole('link', { name: /^Receipt/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Push of [\d,]+ indicators?$/);
  await page.goto('/indicators?org=sable-water');
  await page.locator('[data-row]').first().click();
  await expect(page.getByRole('row', { name: 'this report' })).toContainText('not shared');
});

test('an address that is none says so, with its status', async ({ page, complaints }) => {
  complaints.expect(/404/);
  for (const path of ['/nowhere', '/orgs/nobody', '/incidents/nothing', '/receipts/nothing', '/orgs/osterby-freight/metrics/none']) {
    const answer = await page.goto(path);
    expect(answer?.status(), path).toBe(404);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not found');
  }
});
