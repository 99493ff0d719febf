/** The administration: people, keys, two administrators to show more, decisions, the trail. */
import { expect, test, session } from '../support/test.ts';
import { unique } from '../support/partner.ts';

test.describe('an administrator', () => {
  test.use({ role: 'org_admin' });

  test('invites somebody, and can keep him out', async ({ page }) => {
    await page.goto('/admin/users');
    const name = unique('Ada');
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Mail address').fill(`${name}@osterby-freight.example`);
    await page.getByRole('button', { name: 'Make one-time link' }).click();
    await expect(page.getByRole('region', { name: 'One-time link' })).toContainText('/welcome/');
    await page.goto('/admin/users');
    const row = page.getByRole('row', { name });
    await expect(row).toContainText('Invited');
    await row.getByRole('button', { name: 'Disable' }).click();
    await expect(page.getByRole('row', { name })).toContainText('Disabled');
    await page.goto('/admin/audit?kind=user.');
    await expect(page.locator('.audit tbody tr').first()).toContainText('user.disabled');
    await expect(page.locator('.audit tbody tr').first()).toContainText(name);
  });

  test('makes a key for one network, and replaces it with another', async ({ page }) => {
    await page.goto('/admin/keys');
    const name = `${unique('scanner')}-key`;
    await page.getByLabel('Name, after its machine').fill(name);
    await page.getByLabel('incidents').uncheck();
    await page.getByLabel('From these networks only').fill('192.0.2.0/24');
    await page.getByRole('button', { name: 'Make key' }).click();
    await expect(page.getByRole('region', { name: 'Your new API key' })).toHaveText(/^swk_[0-9A-Za-z]{53}$/);
    await page.goto('/admin/keys');
    const row = page.getByRole('row', { name });
    await expect(row).toContainText('192.0.2.0/24');
    await expect(row).not.toContainText('incidents');
    await row.getByRole('button', { name: 'Rotate' }).click();
    await expect(page.getByRole('region', { name: 'Your new API key' })).toBeVisible();
    await expect(page.getByRole('row', { name: `${name}-2` })).toContainText('Live');
    await expect(page.getByRole('row', { name })).toHaveCount(2);
  });

  test('shows more only with a second one', async ({ page, browser, baseURL }) => {
    const change = async (level: string) => {
      await page.goto('/admin/sharing');
      const form = page.locator('.rule-form').filter({ hasText: 'Events' });
      await form.locator('select[name=audience]').selectOption({ label: 'Marrow Vale Council' });
      await form.locator('select[name=level]').selectOption(level);
      await form.getByRole('button', { name: 'Preview' }).click();
    };
    await change('none');
    await page.locator('#preview').getByRole('button').first().click();
    await expect(page.getByRole('status').first()).toContainText('Saved');
    await change('detail');
    await expect(page.locator('#preview')).toContainText('second administrator');
    await page.locator('#preview').getByRole('button').first().click();
    await expect(page.getByRole('status').first()).toContainText('waits for a second administrator');
    const second = await browser.newContext({ baseURL, storageState: session('second_admin') });
    const other = await second.newPage();
    await other.goto('/admin/sharing');
    await other.getByRole('button', { name: /Agree/ }).first().click();
    await expect(other.getByRole('status').first()).toContainText('Saved');
    await second.close();
  });
});

test.describe('a coordinator', () => {
  test.use({ role: 'coordinator' });

  test('proposes an alert level, and an organisation votes', async ({ page, browser, baseURL }) => {
    await page.goto('/decisions');
    await page.getByText('Change the alert level').first().click();
    await page.getByLabel('Level').selectOption('2');
    const why = unique('Scanning of gateways');
    await page.locator('form').filter({ hasText: 'Level' }).getByLabel('Why').fill(why);
    await page.locator('form').filter({ hasText: 'Level' }).getByRole('button', { name: 'Propose' }).click();
    await expect(page.locator('.decision').filter({ hasText: why })).toContainText('0 for, 0 against, of 12 organisations');
    const voter = await browser.newContext({ baseURL, storageState: session('executive') });
    const other = await voter.newPage();
    await other.goto('/decisions');
    await other.locator('.decision').filter({ hasText: why }).getByRole('button', { name: 'Vote for it' }).click();
    await expect(other.locator('.decision').filter({ hasText: why })).toContainText('1 for, 0 against');
    await voter.close();
  });
});

test.describe('an auditor', () => {
  test.use({ role: 'auditor' });

  test('reads the whole trail', async ({ page }) => {
    await page.goto('/admin/audit');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Audit trail of the alliance');
    await page.getByLabel('Organisation').selectOption({ label: 'Fenwick Power' });
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page.locator('.audit tbody tr').first()).toContainText('Fenwick Power');
  });
});

test.describe('anybody', () => {
  test('sets up a second factor up to the code', async ({ page }) => {
    await page.goto('/account');
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
    await expect(page.locator('.qr svg')).toBeVisible();
    await page.getByLabel('Code').fill('000000');
    await page.getByRole('button', { name: 'Turn it on' }).click();
    await expect(page.getByRole('status').first()).toContainText('not right');
  });
});
