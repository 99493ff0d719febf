/** Live without harm: held still when asked, and never under the reader's hands. */
import { BUSY, expect, openLive, QUIET, test } from '../support/test.ts';
import { mark, unmoved } from '../support/marks.ts';
import { Partner, PARTNER, unique } from '../support/partner.ts';

const METRIC = `/orgs/${PARTNER.slug}/metrics`;

test('the pause button holds the page still, and resuming shows what was missed', async ({ page }) => {
  const partner = await Partner.at(QUIET);
  await openLive(page, `${METRIC}/hsts_pct`);
  const newest = page.locator('.stat', { hasText: 'Newest value' }).locator('.stat-value');
  await partner.metric('hsts_pct', 61);
  await expect(newest).toHaveText('61 %');
  await page.getByRole('button', { name: 'Pause live updates' }).click();
  await expect(page.locator('#live')).toHaveText('Paused');
  await partner.metric('hsts_pct', 62);
  await page.waitForTimeout(2_500);
  await expect(newest).toHaveText('61 %');
  await mark(page);
  await page.locator('[data-pause]').click();
  await expect(newest).toHaveText('62 %');
  await expect(page.locator('#live')).toHaveText('Live');
  await unmoved(page);
});

test('what is under the pointer stays until the pointer leaves', async ({ page }) => {
  const partner = await Partner.at(QUIET);
  await openLive(page, `${METRIC}/tls_grade_a_pct`);
  const newest = page.locator('.stat', { hasText: 'Newest value' }).locator('.stat-value');
  await page.locator('.chart-box').hover();
  await partner.metric('tls_grade_a_pct', 71);
  await page.waitForTimeout(2_500);
  await expect(newest).not.toHaveText('71 %');
  await page.mouse.move(5, 5);
  await expect(newest).toHaveText('71 %');
});

test('focus, scroll and open parts survive a change', async ({ page }) => {
  const partner = await Partner.at(QUIET);
  await openLive(page, `/orgs/${PARTNER.slug}`);
  const protect = page.locator('details.domain', { hasText: 'Protect' });
  await protect.locator('summary').click();
  const row = protect.getByRole('row', { name: 'DMARC policy reject' });
  const link = row.getByRole('link');
  await link.focus();
  const scrolled = await page.evaluate(() => window.scrollY);
  await mark(page);
  await partner.metric('dmarc_reject_pct', 44);
  await expect(row).toContainText('44 %');
  await unmoved(page);
  await expect(link).toBeFocused();
  await expect(protect).toHaveAttribute('open', '');
  expect(await page.evaluate(() => window.scrollY)).toBe(scrolled);
});

test.describe('with partners that push', () => {
  test.use({ hub: BUSY });

  test('the overview moves on by itself', async ({ page }) => {
    await openLive(page, '/');
    await mark(page);
    const asOf = page.locator('.page-foot time');
    const before = await asOf.textContent();
    await expect(asOf).not.toHaveText(before ?? '', { timeout: 20_000 });
    await unmoved(page);
  });

  test('a new critical incident raises the number and is said at once', async ({ page }) => {
    const partner = await Partner.at(BUSY);
    await openLive(page, '/');
    const critical = page.locator('.stat', { hasText: 'Open critical' }).locator('.stat-value');
    const before = Number(await critical.textContent());
    await mark(page);
    await partner.incident(unique('Ransom note on a pump controller'), 'critical');
    await expect(critical).toHaveText(String(before + 1));
    await unmoved(page);
    await expect(page.locator('#voice-urgent')).toContainText('critical incident was opened');
  });
});
