/** Signing in at an organisation's own identity provider, which is a real one, on another site than the hub. */
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import path from 'node:path';
import { expect, live, test } from '../support/test.ts';
import { Hub } from '../support/hub.ts';
import { Idp } from '../support/idp.ts';
import { PEOPLE } from '../support/people.ts';

const ORG = 'osterby-freight';
const ADMIN = PEOPLE.org_admin;

test.describe.configure({ mode: 'serial' });
test.use({ role: null });

let hub: Hub;
let idp: Idp;

test.beforeAll(async () => {
  const database = path.join(process.env.E2E_FOLDER ?? '', 'oidc.db');
  hub = await Hub.start({ database, quiet: true });
  idp = await Idp.start(hub, database, ORG, ADMIN.email);
});

test.afterAll(async () => {
  await idp?.stop();
  await hub?.stop();
});

/** A browser that knows nobody, neither here nor there. */
async function visitor(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  return (await browser.newContext({ baseURL: hub.url, ...options })).newPage();
}

async function withPassword(page: Page): Promise<void> {
  await page.goto('/signin');
  await page.getByLabel('Mail address').fill(ADMIN.email);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.locator('.fields').getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL('/');
}

async function withOrganisation(page: Page, name: string, next = '/signin'): Promise<void> {
  await page.goto(next);
  await page.getByLabel("Your organisation's short name").fill(ORG);
  await page.getByRole('button', { name: 'Sign in with your organisation' }).click();
  await there(page, name);
}

/** At the provider. */
async function there(page: Page, name: string): Promise<void> {
  await expect(page).toHaveURL(new RegExp(`^${idp.issuer}/`));
  await page.getByLabel('Your name there').fill(name);
  await page.getByRole('button', { name: 'Sign in there' }).click();
}

test('an identity that nobody has linked opens nothing, whatever mail address it has', async ({ browser }) => {
  const page = await visitor(browser);
  await withOrganisation(page, 'mette');
  await expect(page).toHaveURL('/signin?error=organisation');
  await expect(page.getByRole('alert').first()).toContainText('That did not work.');
  await page.goto('/');
  await expect(page).toHaveURL('/signin');
  await page.context().close();
});

test('who links it signs in with it, to the page that was asked for', async ({ browser, complaints }) => {
  const page = await visitor(browser);
  complaints.watch(page.context());
  await withPassword(page);
  await page.goto('/account');
  await page.getByRole('button', { name: 'Link it' }).click();
  await there(page, 'mette');
  await expect(page).toHaveURL('/account?done=linked');
  await expect(page.locator('#identity')).toContainText(`You can sign in at ${idp.issuer}`);
  const axe = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  expect(axe.violations).toEqual([]);
  await page.context().close();

  const again = await visitor(browser);
  complaints.watch(again.context());
  await withOrganisation(again, 'mette', '/signin?next=%2Forgs%3Frange%3D90d');
  await expect(again).toHaveURL('/orgs?range=90d');
  await expect(again.getByText(ADMIN.name)).toBeVisible();
  await live(again);
  const cookies = await again.context().cookies(hub.url);
  // The session's, and the one by which the hub knows this browser again.
  expect(cookies.map((cookie) => [cookie.name, cookie.sameSite]).sort()).toEqual([
    ['shieldwall', 'Strict'],
    ['shieldwall-browser', 'Strict'],
  ]);
  // Signing out leads to the provider, which asks whether its own session ends, too. As long as it goes on, signing in is one click.
  await again.getByRole('button', { name: 'Sign out' }).click();
  await expect(again.getByRole('button', { name: 'End the session there' })).toBeVisible();
  const before = idp.asked;
  await again.goto('/signin');
  await again.getByLabel("Your organisation's short name").fill(ORG);
  await again.getByRole('button', { name: 'Sign in with your organisation' }).click();
  await expect(again).toHaveURL('/');
  expect(idp.asked).toBe(before);
  // A proof is asked for anew all the same.
  await again.goto('/stepup?next=%2Fadmin%2Fkeys');
  await again.getByRole('button', { name: "Prove it at your organisation's sign-in" }).click();
  await there(again, 'mette');
  await expect(again).toHaveURL('/admin/keys');
  expect(idp.asked).toBe(before + 1);
  await again.goto('/stepup?next=%2Fadmin%2Fkeys');
  await again.getByRole('button', { name: "Prove it at your organisation's sign-in" }).click();
  await there(again, 'somebody-else');
  await expect(again).toHaveURL('/stepup?error=organisation&next=%2Fadmin%2Fkeys');
  await again.goto('/orgs');
  await again.getByRole('button', { name: 'Sign out' }).click();
  await again.getByRole('button', { name: 'End the session there' }).click();
  await expect(again).toHaveURL('/auth/oidc/signed-out');
  await expect(again.getByRole('heading', { name: 'Signed out' })).toBeVisible();
  await again.goto('/orgs');
  await expect(again).toHaveURL(/\/signin/);
  await again.context().close();
});

test('it works without script', async ({ browser }) => {
  const page = await visitor(browser, { javaScriptEnabled: false });
  await withOrganisation(page, 'mette');
  await expect(page).toHaveURL('/');
  await expect(page.getByText(ADMIN.name)).toBeVisible();
  await page.context().close();
});

test('an invited person comes in by the one-time link and the provider, and never has a password', async ({ browser, complaints }) => {
  const admin = await visitor(browser);
  await withPassword(admin);
  await admin.goto('/admin/users');
  await admin.getByLabel('Name').fill('Ada Vik');
  await admin.getByLabel('Mail address').fill('ada@osterby-freight.example');
  await admin.getByRole('button', { name: 'Make one-time link' }).click();
  const link = (await admin.getByRole('region', { name: 'One-time link' }).innerText()).trim();
  const page = await visitor(browser);
  complaints.watch(page.context());
  await page.goto(link);
  await page.getByRole('button', { name: 'Sign in with Osterby Freight' }).click();
  await there(page, 'ada');
  await expect(page).toHaveURL('/');
  await expect(page.getByText('Ada Vik')).toBeVisible();
  await page.goto('/account');
  await expect(page.locator('#identity')).toContainText('You have no password');
  await page.goto(link);
  await expect(page.getByRole('button', { name: 'Sign in with Osterby Freight' })).toHaveCount(0);
  await admin.goto('/admin/users');
  await expect(admin.getByRole('row', { name: 'Ada Vik' })).toContainText('Active');
  await Promise.all([page.context().close(), admin.context().close()]);
});

test('the way in is readable by everybody', async ({ browser }) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await visitor(browser, { colorScheme });
    await page.goto('/signin');
    await expect(page.getByText('Osterby Freight', { exact: true })).toHaveCount(0);
    const axe = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    expect(axe.violations).toEqual([]);
    await page.context().close();
  }
});
