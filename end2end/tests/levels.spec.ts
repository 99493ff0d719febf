/** What partners share in numbers only, groups with a rule on earlier data, and one's own data with another's eyes. */
import { unique } from '../support/partner.ts';
import { expect, openLive, session, test } from '../support/test.ts';

test('a partner that shares numbers only stands by name beside the list', async ({ page }) => {
  await openLive(page, '/incidents?status=any');
  const line = page.locator('.beside-counts li', { hasText: 'Viaduct Rail' });
  await expect(line).toBeVisible();
  await page.goto('/orgs/viaduct-rail');
  await expect(page.getByText('Only numbers are shared with you.')).toBeVisible();
});

test.describe('an administrator', () => {
  test.use({ role: 'org_admin' });

  test('from a rule that is not saved to the own data with the eyes of those it is about', async ({ page }) => {
    await page.goto('/admin/sharing');
    const form = page.locator('.rule-form', { hasText: 'Incidents' });
    await form.getByLabel('for').selectOption({ label: 'everyone' });
    await form.getByLabel('shows').selectOption({ label: 'numbers only' });
    await form.getByRole('button', { name: 'Preview' }).click();
    await page.locator('#preview').getByRole('link', { name: 'Quillon Bank' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Osterby Freight as Quillon Bank sees it');
    await expect(page.getByText('Incidents for everyone: numbers only')).toBeVisible();
    await expect(page.getByText('They are told the number')).toBeVisible();
    await page.getByLabel('See it as').selectOption({ label: 'Sable Water' });
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Osterby Freight as Sable Water sees it');
  });

  test('a group that keeps earlier data says so before anybody joins, and two administrators invite', async ({ page, browser, baseURL }) => {
    await page.goto('/admin/groups');
    const name = unique('Northern carriers');
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Who joins later sees').selectOption({ label: 'what comes in from then on' });
    await page.getByRole('button', { name: 'Make group' }).click();
    const card = page.locator('.card', { hasText: name });
    await expect(card).toContainText('only records sent after they join');
    await card.getByRole('combobox', { name: 'Invite' }).selectOption({ label: 'Sable Water' });
    await card.getByRole('button', { name: 'Invite' }).click();
    await expect(page.getByRole('status').first()).toContainText('a second administrator');
    await expect(page.locator('#waiting')).toContainText(`Invite Sable Water into ${name}`);
    await expect(page.locator('#waiting li', { hasText: name }).getByRole('button', { name: 'Agree' })).toHaveCount(0);
    const second = await browser.newContext({ baseURL, storageState: session('second_admin') });
    const other = await second.newPage();
    await other.goto('/admin/groups');
    await other.locator('#waiting li', { hasText: name }).getByRole('button', { name: 'Agree' }).click();
    await expect(other.locator('.card', { hasText: name })).toContainText('Invited: Sable Water');
    await second.close();
  });
});
