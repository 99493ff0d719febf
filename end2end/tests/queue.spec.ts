/** Lists for triage: the keyboard, the search, and rows that wait. */
import { BUSY, expect, openLive, test } from '../support/test.ts';
import { mark, unmoved } from '../support/marks.ts';
import { Partner, unique } from '../support/partner.ts';

test('j and k move, Enter opens', async ({ page }) => {
  await openLive(page, '/incidents?status=any');
  const rows = page.locator('[data-row]');
  for (const [key, at] of [['j', 0], ['j', 1], ['j', 2], ['k', 1]] as const) {
    await page.keyboard.press(key);
    await expect(rows.nth(at)).toBeFocused();
  }
  const href = await rows.nth(1).getAttribute('href');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(href ?? '');
});

test('/ goes to the search, where letters are letters again', async ({ page }) => {
  await openLive(page, '/incidents?status=any');
  await page.keyboard.press('/');
  await expect(page.locator('#q')).toBeFocused();
  await page.keyboard.type('jk gateway');
  await expect(page.locator('#q')).toHaveValue('jk gateway');
  await page.locator('#q').fill('gateway');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/incidents?status=any&q=gateway');
  await expect(page.locator('[data-row]').first()).toContainText(/gateway/i);
});

test('single keys can be turned off, and stay off', async ({ page }) => {
  await openLive(page, '/incidents');
  await page.getByRole('button', { name: 'Turn keys off' }).click();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Turn keys on' })).toBeVisible();
  await page.keyboard.press('j');
  await expect(page.locator('[data-row]').first()).not.toBeFocused();
});

test.describe('news', () => {
  test.use({ hub: BUSY });

  test('a new row waits behind a button, and nothing moves', async ({ page }) => {
    const partner = await Partner.at(BUSY);
    await openLive(page, '/incidents');
    const rows = page.locator('[data-queue] tr');
    const before = await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-key')));
    await mark(page);
    const title = unique('Lookalike domain registered');
    await partner.incident(title, 'high');
    const news = page.getByRole('button', { name: /^\d+ new$/ });
    await expect(news).toBeVisible();
    expect(await rows.evaluateAll((all) => all.map((row) => row.getAttribute('data-key')))).toEqual(before);
    await news.click();
    await expect(page.getByRole('link', { name: title })).toBeVisible();
    await expect(news).toBeHidden();
    await unmoved(page);
  });
});
