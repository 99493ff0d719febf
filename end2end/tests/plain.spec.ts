/** Without JavaScript, and without WASM: everything can be read, found and signed in to. */
import { expect, test } from '../support/test.ts';
import { address, PLACES } from '../support/places.ts';
import { PEOPLE } from '../support/people.ts';

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  // Chromium fetches what is to be preloaded even so, and then refuses it.
  test.beforeEach(({ complaints }) => complaints.expect(/request failed: csp .*app\.js/));

  for (const place of PLACES) {
    test.describe(() => {
      test.use({ role: place.outside ? null : 'analyst' });
      test(`${place.name} can be read`, async ({ page }) => {
        await page.goto(await address(page, place));
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        expect(((await page.locator('main').textContent()) ?? '').length).toBeGreaterThan(60);
        // What only works with the client is not offered.
        for (const idle of await page.locator('[data-pause], [data-copy], [data-walk], [data-keys], [data-news]').all()) await expect(idle).toBeHidden();
      });
    });
  }

  test('filters, search and ranges are forms and links', async ({ page }) => {
    await page.goto('/incidents');
    const facet = page.locator('.facet a', { hasText: 'Any' });
    const count = (await facet.locator('.n').textContent()) ?? '';
    await facet.click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${count} incidents`);
    await page.locator('#q').fill('gateway');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page).toHaveURL('/incidents?status=any&q=gateway');
    await page.goto('/events?q=gateway');
    await page.locator('details.menu summary').click();
    await page.getByRole('link', { name: 'Last 90 days' }).click();
    await expect(page).toHaveURL('/events?range=90d&q=gateway');
    await page.goto('/orgs');
    await page.locator('thead').getByRole('link', { name: /Score/ }).click();
    await expect(page).toHaveURL(/sort=/);
  });

  test.describe('nobody signed in', () => {
    test.use({ role: null });
    test('the sign-in form works', async ({ page }) => {
      await page.goto('/incidents');
      await page.getByLabel('Mail address').fill(PEOPLE.analyst.email);
      await page.getByLabel('Password').fill(PEOPLE.analyst.password);
      await page.locator('.fields').getByRole('button', { name: 'Sign in' }).click();
      await expect(page).toHaveURL('/incidents');
    });
  });
});

test('with WASM blocked every page can be read', async ({ page, complaints }) => {
  complaints.expect(/wasm|Failed to fetch|ERR_FAILED|ERR_BLOCKED/i);
  await page.route('**/*.wasm', (route) => route.abort());
  for (const path of ['/', '/orgs', '/orgs/osterby-freight', '/incidents', '/indicators', '/status']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('[data-walk], [data-keys]').first()).toBeHidden();
  }
});
