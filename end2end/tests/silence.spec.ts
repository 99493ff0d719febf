/** A partner that fell silent never looks good, on no page. */
import { expect, openLive, test } from '../support/test.ts';

test('the silent partner on the overview', async ({ page }) => {
  await openLive(page, '/');
  await expect(page.locator('#verdict')).toContainText(/silent/);
  const card = page.locator('.multiple', { hasText: 'Port of Eskdal' });
  await expect(card).toHaveClass(/is-stale/);
  await expect(card).toContainText(/Silent \d+ (h|d)/);
  await expect(card.locator('.score')).toContainText('not known');
  await expect(card).not.toContainText('On target');
  await expect(card.locator('.st-good, .fr-fresh, .up')).toHaveCount(0);
  await expect(page.locator('.attention li', { hasText: 'Port of Eskdal' })).toContainText('No data since');
});

test('the silent partner in the matrix and on its page', async ({ page }) => {
  await openLive(page, '/orgs');
  const row = page.locator('.matrix tbody tr', { hasText: 'Port of Eskdal' });
  await expect(row).toContainText(/Silent/);
  await expect(row.locator('.heat:not(.unknown)')).toHaveCount(0);
  await row.getByRole('link', { name: 'Port of Eskdal' }).click();
  await expect(page.locator('.page-head')).toContainText('Silent');
  await expect(page.locator('.summary .stat').first()).toContainText('not known');
  await expect(page.locator('.summary .stat').first()).toContainText('last known');
  await expect(page.locator('.summary .st-good, .org-domains .st-good')).toHaveCount(0);
  // The line breaks off: nothing is drawn where nothing is known.
  await expect(page.locator('.chart .hatch').first()).toBeAttached();
});
