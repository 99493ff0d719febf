/** Passkeys in the browser, with Chromium's virtual authenticator: added, used at sign-in and as a proof, removed; and what stands there without. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '../support/test.ts';
import { Hub } from '../support/hub.ts';
import { PEOPLE } from '../support/people.ts';
import type { Page } from '@playwright/test';
import path from 'node:path';

test.describe.configure({ mode: 'serial' });
test.use({ role: null });

let hub: Hub;
test.beforeAll(async () => {
  hub = await Hub.start({ database: path.join(process.env.E2E_FOLDER ?? '', 'passkeys.db'), quiet: true, named: true });
});
test.afterAll(async () => hub.stop());

/** Plugs an authenticator into the page's browser, which its owner touches and unlocks at once. */
async function authenticator(page: Page): Promise<{ verified(is: boolean): Promise<void> }> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } as const;
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
  return { verified: async (isUserVerified) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }) };
}

async function password(page: Page, who: { email: string; password: string }): Promise<void> {
  await page.goto(`${hub.url}/signin`);
  await page.getByLabel('Mail address').fill(who.email);
  await page.getByLabel('Password').fill(who.password);
  await page.locator('.fields').getByRole('button', { name: 'Sign in' }).click();
}

/** What axe finds on the page as it is. */
async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  return violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html.slice(0, 160)}`));
}

test('is added, asked for after the password, taken as a proof, and removed', async ({ page }) => {
  test.slow();
  const device = await authenticator(page);
  await password(page, PEOPLE.analyst);
  await page.goto(`${hub.url}/account`);
  expect(await faults(page)).toEqual([]);
  await page.getByLabel('Name of the new passkey').fill('work laptop');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(page.getByText('This is the only time you see these codes.')).toBeVisible();
  await page.goto(`${hub.url}/account`);
  const row = page.getByRole('row', { name: /work laptop/ });
  await expect(row).toContainText('never');
  // The same device again is refused by itself.
  await page.getByLabel('Name of the new passkey').fill('again');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(page.locator('[data-passkey-error]')).toHaveText('There is a passkey of yours on that device already.');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await password(page, PEOPLE.analyst);
  await expect(page).toHaveURL(`${hub.url}/signin/code`);
  expect(await faults(page)).toEqual([]);
  await device.verified(false);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page.locator('[data-passkey-error]')).toHaveText(/cancelled, or took too long/, { timeout: 15_000 });
  await device.verified(true);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL(`${hub.url}/`);
  await expect(page.getByText(PEOPLE.analyst.name)).toBeVisible();

  await page.goto(`${hub.url}/stepup?next=%2Fconnect`);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL(`${hub.url}/connect`);

  await page.goto(`${hub.url}/account`);
  await expect(row).not.toContainText('never');
  await row.getByRole('button', { name: 'Remove work laptop' }).click();
  await expect(page.getByRole('status').first()).toHaveText('Removed.');
  await expect(row).toBeHidden();
});

test('another address than the one that passkeys belong to says so', async ({ page }) => {
  await password(page, PEOPLE.executive);
  const { port } = new URL(hub.url);
  // Sessions are a host's own, so he signs in there, too.
  await page.goto(`http://127.0.0.1:${port}/signin`);
  await page.locator('.demo-account', { hasText: PEOPLE.executive.email }).click();
  await page.goto(`http://127.0.0.1:${port}/account`);
  await page.getByLabel('Name of the new passkey').fill('x');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(page.locator('[data-passkey-error]')).toContainText(`work at ${hub.url} only`);
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });
  test('the page says what a passkey needs', async ({ page, complaints }) => {
    // What is preloaded for scripts is refused where none may run.
    complaints.expect(/^request failed: csp /);
    await password(page, PEOPLE.steward);
    await page.goto(`${hub.url}/account`);
    await expect(page.getByText('A passkey needs a browser that has them, with scripts turned on.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Add a passkey' })).toBeHidden();
    await expect(page.getByRole('button', { name: 'Set up an authenticator app' })).toBeVisible();
  });
});

test('the own password is changed, and the old one is worth nothing', async ({ page }) => {
  await password(page, PEOPLE.coordinator);
  await page.goto(`${hub.url}/account`);
  const change = async (current: string, next: string): Promise<void> => {
    await page.getByLabel('Current password').fill(current);
    await page.getByLabel('New password').fill(next);
    await page.getByLabel('The new one again').fill(next);
    await page.getByRole('button', { name: 'Change password' }).click();
  };
  await change('not-the-password', 'a-ladder-of-nine-herons');
  await expect(page.getByRole('status').first()).toHaveText('Not changed: the current password is not right.');
  await change(PEOPLE.coordinator.password, 'a-ladder-of-nine-herons');
  await expect(page.getByRole('status').first()).toContainText('Your password is changed.');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await password(page, PEOPLE.coordinator);
  await expect(page).toHaveURL(/error=credentials/);
  await password(page, { ...PEOPLE.coordinator, password: 'a-ladder-of-nine-herons' });
  await expect(page).toHaveURL(`${hub.url}/`);
});
