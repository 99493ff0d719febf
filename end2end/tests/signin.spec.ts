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
    await expect(page).toHaveURL(/\/signin\?error=credentials&kept=/);
    await expect(page.getByRole('alert').first()).toHaveText('The mail address or the password is wrong.');
    await expect(page.getByLabel('Mail address')).toHaveValue(email);
    await expect(page.getByLabel('Password')).toHaveValue('');
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

test('a link of unknown origin sets no password, and says so at once', async ({ page }) => {
  await page.goto('/welcome/unknown');
  await expect(page.getByRole('alert').first()).toContainText('was used already, or is too old');
  await expect(page.locator('input[type=password]')).toHaveCount(0);
});

test('a form that meets an ended session is sent after signing in, and comes back where it is refused', async ({ page, context }) => {
  const name = 'Ada & "rail" <group>';
  await page.goto('/signin');
  await page.locator('.demo-account', { hasText: PEOPLE.org_admin.email }).click();
  await page.goto('/admin/users');
  const form = page.locator('form[action="/admin/users"]');
  await form.locator('[name=name]').fill(name);
  // Somebody has it already.
  await form.locator('[name=email]').fill(PEOPLE.second_admin.email);
  await context.clearCookies({ name: 'shieldwall' });
  await form.locator('button').click();
  await expect(page.getByRole('alert').first()).toContainText('What you typed is kept');
  await page.locator('.demo-account', { hasText: PEOPLE.org_admin.email }).click();
  await expect(page.getByText(name)).toBeVisible();
  await page.getByRole('button', { name: 'Send it now' }).click();
  await expect(page).toHaveURL(/\/admin\/users\?done=address&kept=/);
  await expect(form.locator('[name=name]')).toHaveValue(name);
  await expect(form.locator('[name=email]')).toHaveValue(PEOPLE.second_admin.email);
});

test('a link on a page elsewhere opens for who is signed in', async ({ page }) => {
  await page.goto('/signin');
  await page.locator('.demo-account', { hasText: PEOPLE.executive.email }).click();
  const own = new URL(page.url());
  const elsewhere = own.hostname === 'localhost' ? '127.0.0.1' : 'localhost';
  await page.route(`http://${elsewhere}:1/`, (route) => route.fulfill({ contentType: 'text/html', body: `<a href="${own.origin}/incidents?status=any">here</a>` }));
  await page.goto(`http://${elsewhere}:1/`);
  await page.getByText('here').click();
  await expect(page).toHaveURL(`${own.origin}/incidents?status=any`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('incidents');
});
