/** The way in and out. */
import { expect, openLive, test } from '../support/test.ts';
import { PEOPLE } from '../support/people.ts';

test.use({ role: null });

test('with mail address and password, and on to the page that was asked for', async ({ page }) => {
  await page.goto('/orgs?range=90d');
  await expect(page).toHaveURL('/signin?next=%2Forgs%3Frange%3D90d');
  await page.getByLabel('Mail address').fill(PEOPLE.executive.email);
  await page.getByLabel('Password').fill(PEOPLE.executive.password);
  await page.locator('.fields').getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/orgs?range=90d');
  await expect(page.getByText(PEOPLE.executive.name)).toBeVisible();
});

test('with one click in the demo', async ({ page }) => {
  await page.goto('/signin');
  for (const { email, password } of Object.values(PEOPLE)) {
    await expect(page.locator('.demo-account', { hasText: email })).toContainText(password);
  }
  await page.locator('.demo-account', { hasText: PEOPLE.steward.email }).click();
  await expect(page).toHaveURL('/');
  await expect(page.getByText(PEOPLE.steward.name)).toBeVisible();
});

test('a wrong password says so and says no more', async ({ page }) => {
  await page.goto('/signin');
  for (const email of [PEOPLE.analyst.email, 'nobody@nowhere.example']) {
    await page.getByLabel('Mail address').fill(email);
    await page.getByLabel('Password').fill('not-the-password');
    await page.locator('.fields').getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL('/signin?error=credentials');
    await expect(page.getByRole('alert').first()).toHaveText('The mail address or the password is wrong.');
  }
});

test('signing out ends the session', async ({ page }) => {
  await page.goto('/signin');
  await page.locator('.demo-account', { hasText: PEOPLE.executive.email }).click();
  await openLive(page, '/');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/signin');
  await page.goto('/');
  await expect(page).toHaveURL(/\/signin/);
});

test('a link of unknown origin sets no password', async ({ page }) => {
  await page.goto('/welcome/unknown');
  await page.getByLabel('New password', { exact: true }).or(page.locator('input[type=password]').first()).fill('correct-horse-battery');
  await page.locator('input[type=password]').nth(1).fill('correct-horse-battery');
  await page.locator('main form button').click();
  await expect(page.getByRole('alert').first()).toBeVisible();
  await expect(page).toHaveURL('/welcome/unknown?error=expired');
});
