/** Every page in both themes and at every width: nothing sticks out, and axe finds nothing. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '../support/test.ts';
import { address, PLACES } from '../support/places.ts';
import type { Page } from '@playwright/test';

const WIDTHS = [320, 480, 1080, 1440, 1920];
/** The widths at which axe looks: what is beside or above something else differs, the rest does not. */
const LOOKED_AT = [320, 1440];
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const COLOURS = ['color-contrast', 'link-in-text-block'];

for (const place of PLACES) {
  test.describe(() => {
    test.use({ role: place.outside ? null : 'analyst' });
    test(`${place.name} fits and is accessible`, async ({ page }) => {
      test.slow();
      await page.goto(await address(page, place));
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        expect.soft(await sticksOut(page), `sticks out at ${width}`).toEqual([]);
        if (!LOOKED_AT.includes(width)) continue;
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          // No page has frames, so one run in the page itself is enough. In the dark only the colours differ.
          const axe = new AxeBuilder({ page }).setLegacyMode(true);
          const { violations } = await (colorScheme === 'light' ? axe.withTags(RULES) : axe.withRules(COLOURS)).analyze();
          const found = violations.flatMap((v) => v.nodes.slice(0, 3).map((node) => `${v.id} (${v.nodes.length}): ${node.html.slice(0, 160)} ${node.any[0]?.message ?? v.help}`));
          expect.soft(found, `axe at ${width} ${colorScheme}`).toEqual([]);
        }
      }
    });
  });
}

/** What makes a page scroll sideways. */
function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > clientWidth + 0.5);
    return [`${scrollWidth} px`, ...wide.map((e) => `${e.tagName}.${e.className} to ${Math.round(e.getBoundingClientRect().right)}`).slice(0, 5)];
  });
}

test('the theme is chosen with a button and remembered', async ({ page, context }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/');
  const background = (on = page) => on.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await background()).toBe('rgb(246, 247, 249)');
  const other = await context.newPage();
  await other.goto('/orgs');
  await page.getByRole('button', { name: 'Light or dark theme' }).click();
  expect(await background()).toBe('rgb(14, 20, 32)');
  await expect.poll(() => background(other), 'other tabs follow').toBe('rgb(14, 20, 32)');
  await page.reload();
  expect(await background()).toBe('rgb(14, 20, 32)');
});

test('the zone is chosen with a link and stands beside every time', async ({ page }) => {
  await page.goto('/incidents?status=any');
  await page.locator('[data-row]').first().click();
  const opened = page.locator('.facts-list > div', { hasText: 'Opened' }).locator('time');
  await expect(opened).toHaveText(/\d\d:\d\dZ$/);
  await page.getByRole('link', { name: 'Local' }).click();
  await expect(opened).toHaveText(/\d\d:\d\d \+0[12]:00$/);
  await expect(opened).toHaveAttribute('datetime', /Z$/);
});

test('on paper the verdict and its numbers are there, light, without controls', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark', media: 'print' });
  await page.goto('/');
  for (const part of ['#verdict', '.verdict-numbers', '.verdict-tlp .tlp', '.attention', '.multiples', '.demo-bar', '.page-foot time']) {
    await expect(page.locator(part).first()).toBeVisible();
  }
  for (const part of ['.controls', '.places', '.walk', '.bottom']) await expect(page.locator(part).first()).toBeHidden();
  const ink = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('#verdict') ?? document.body).color]);
  expect(ink).toEqual(['rgb(255, 255, 255)', 'rgb(23, 32, 46)']);
});

test('every sheet of paper says how far it may travel, whose it is and from when', async ({ page }) => {
  await page.emulateMedia({ media: 'print' });
  // An A4 sheet between its margins.
  await page.setViewportSize({ width: 688, height: 1017 });
  for (const [address, mark] of [['/', '.verdict-tlp'], ['/orgs', '.page-head > .tlp'], ['/incidents', '.page-head > .tlp']] as const) {
    await page.goto(address);
    // What is fixed is printed on each page; a table's head comes again on each, and leaves room for it.
    for (const part of [mark, '.page-foot > span:first-child']) await expect(page.locator(part)).toHaveCSS('position', 'fixed');
    await expect(page.locator('.top')).toHaveCSS('display', 'table-header-group');
    await expect(page.locator('.brand .alliance')).toHaveText(/\S/);
    await expect(page.locator('.brand .alliance')).toBeVisible();
    // None of the three lies over another.
    const boxes = await Promise.all(['.brand .alliance', '.page-foot > span:first-child', mark].map((part) => page.locator(part).boundingBox()));
    const [words, moment, marking] = boxes.map((box) => ({ from: box?.x ?? NaN, to: (box?.x ?? NaN) + (box?.width ?? NaN) }));
    expect(words?.to, address).toBeLessThan(moment?.from ?? NaN);
    expect(moment?.to, address).toBeLessThanOrEqual(marking?.from ?? NaN);
  }
  await page.goto('/orgs');
  const over = await page.evaluate(() =>
    [...document.querySelectorAll('.matrix td > *, .matrix thead a')].filter((part) => {
      const cell = part.closest('td, th')?.getBoundingClientRect();
      return cell !== undefined && part.getBoundingClientRect().right > cell.right + 1;
    }).map((part) => part.textContent),
  );
  expect(over, 'words that reach into the next column').toEqual([]);
});

test('on a phone buttons keep their words whole, and a fade says which table goes on', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const address of ['/orgs', '/incidents']) {
    await page.goto(address);
    const button = page.getByRole('search').getByRole('button');
    expect((await button.boundingBox())?.height, address).toBeLessThan(45);
  }
  await page.goto('/orgs');
  const table = page.locator('.scroll').first();
  const fades = () => table.evaluate((e) => ['--fade-start', '--fade-end'].map((side) => parseFloat(getComputedStyle(e).getPropertyValue(side)) > 0));
  await expect.poll(fades).toEqual([false, true]);
  await table.evaluate((e) => e.scrollTo({ left: e.scrollWidth }));
  await expect.poll(fades).toEqual([true, false]);
});
