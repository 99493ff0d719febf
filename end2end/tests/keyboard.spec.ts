/** With the keyboard alone. */
import { expect, live, openLive, test } from '../support/test.ts';
import { CRITICAL } from '../support/places.ts';
import type { Page } from '@playwright/test';

/** Counts keys, and sees after each that what has the focus can be seen. */
class Keyboard {
  pressed = 0;

  constructor(private readonly page: Page) {}

  /** Presses a key that leads to another page. */
  async follow(key: string, url: RegExp): Promise<void> {
    this.pressed += 1;
    await this.page.keyboard.press(key);
    await expect(this.page).toHaveURL(url);
    await live(this.page);
  }

  /** Presses a key that stays on the page. */
  async press(key: string): Promise<void> {
    this.pressed += 1;
    await this.page.keyboard.press(key);
    const lost = await this.page.evaluate(() => {
      const focus = document.activeElement;
      // At the top of a page, and at the place that a skip link leads to, nothing is chosen yet.
      if (!focus || focus === document.body || focus.id === 'main') return '';
      const look = getComputedStyle(focus);
      const box = focus.getBoundingClientRect();
      const ring = parseFloat(look.outlineWidth) >= 3 && look.outlineStyle !== 'none';
      const seen = box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight;
      return ring && seen ? '' : `${focus.outerHTML.slice(0, 160)} (ring ${ring}, seen ${seen})`;
    });
    expect(lost, `the focus is visible after ${this.pressed} keys`).toBe('');
  }

  /** Tabs until something matches. */
  async to(selector: string): Promise<void> {
    const there = () => this.page.evaluate((query) => document.activeElement?.matches(query) ?? false, selector);
    do await this.press('Tab');
    while (!(await there()) && this.pressed < 40);
  }
}

test('from the collective to a raw record in at most 25 keys', async ({ page }) => {
  await openLive(page, '/');
  const keyboard = new Keyboard(page);
  await keyboard.to('.skip');
  await keyboard.press('Enter');
  await keyboard.to('.stat-value[href*="sev=critical"]');
  await keyboard.follow('Enter', /\/incidents\?.*sev=critical/);
  await keyboard.press('j');
  await keyboard.follow('Enter', /\/incidents\/[\w-]+(\?|$)/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(CRITICAL);
  await keyboard.to('.skip');
  await keyboard.press('Enter');
  await keyboard.to('a[href^="/events/"]');
  await keyboard.follow('Enter', /\/events\/[\w-]+$/);
  await expect(page.getByRole('region', { name: 'Event as pushed' })).toContainText('"observed_at"');
  expect(keyboard.pressed).toBeLessThanOrEqual(25);
});

test('the focus is visible at every stop', async ({ page }) => {
  for (const path of ['/', '/orgs', '/orgs/osterby-freight', '/incidents', '/connect']) {
    await openLive(page, path);
    const keyboard = new Keyboard(page);
    for (let stop = 0; stop < 45; stop += 1) await keyboard.press('Tab');
  }
});

test('arrow keys walk through a chart and say each value', async ({ page }) => {
  await openLive(page, '/orgs/osterby-freight');
  const walk = page.getByRole('slider', { name: 'Values: Score' });
  await walk.focus();
  const value = () => walk.getAttribute('aria-valuetext');
  const last = await value();
  // The moment as the page writes moments.
  expect(last).toMatch(/^\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\dZ · Score \d+/);
  await page.keyboard.press('ArrowLeft');
  expect(await value()).not.toBe(last);
  await expect(walk.locator('.walk-words')).toHaveText((await value()) ?? '');
  await page.keyboard.press('Home');
  await expect(walk).toHaveAttribute('aria-valuenow', '0');
  await page.keyboard.press('End');
  expect(await value()).toBe(last);
  // The words are those of the data table.
  const rows = await page.locator('figure', { has: walk }).locator('tbody tr').count();
  await expect(walk).toHaveAttribute('aria-valuemax', String(rows - 1));
});

test('a menu opens and closes', async ({ page }) => {
  await openLive(page, '/events');
  const menu = page.locator('details.menu');
  await menu.locator('summary').focus();
  await page.keyboard.press('Enter');
  await expect(menu.getByRole('link', { name: 'Last 90 days' })).toBeVisible();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Escape');
  await expect(menu.locator('summary')).toBeFocused();
  await expect(menu.getByRole('link', { name: 'Last 90 days' })).toBeHidden();
});
