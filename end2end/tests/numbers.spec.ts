/** Every number is a link to exactly its rows, and the file has as many. */
import { expect, openLive, test } from '../support/test.ts';
import type { Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';

/** The number that a list's heading begins with. */
async function heading(page: Page): Promise<number> {
  const text = (await page.getByRole('heading', { level: 1 }).textContent()) ?? '';
  return number(text);
}

function number(text: string): number {
  return Number((/\d[\d,]*/.exec(text)?.[0] ?? 'NaN').replaceAll(',', ''));
}

/** The records that a list counts beside its rows, under the names of organisations that share numbers only. */
async function beside(page: Page): Promise<number> {
  return (await page.locator('.beside-counts b').allTextContents()).map(number).reduce((a, b) => a + b, 0);
}

/** All rows of a list, page by page, and what it counts beside them. */
async function rows(page: Page): Promise<number> {
  let sum = await beside(page);
  for (;;) {
    sum += await page.locator('[data-queue] tr').count();
    const next = page.getByRole('link', { name: 'Next page' });
    if (!(await next.count())) return sum;
    await next.click();
  }
}

test('open critical', async ({ page }) => {
  await openLive(page, '/');
  const link = page.locator('.stat', { hasText: 'Open critical' }).getByRole('link');
  const shown = Number(await link.textContent());
  expect(shown).toBeGreaterThan(0);
  await link.click();
  expect(await heading(page)).toBe(shown);
  expect(await rows(page)).toBe(shown);
});

test('reporting', async ({ page }) => {
  await openLive(page, '/');
  const link = page.locator('.stat', { hasText: 'Reporting' }).getByRole('link');
  const [reporting, all] = ((await link.textContent()) ?? '').split('/').map(Number);
  await link.click();
  await expect(page.locator('#partners .lead')).toContainText(`${reporting} of ${all} reporting`);
  await expect(page.locator('#partners tbody tr')).toHaveCount(all);
});

test('indicators by marking', async ({ page }) => {
  await page.goto('/');
  const links = await page.locator('.indicators a[href^="/indicators"]').evaluateAll((all) => all.map((a) => [a.getAttribute('href') ?? '', a.querySelector('b')?.textContent ?? a.textContent ?? '']));
  expect(links.length).toBeGreaterThan(5);
  for (const [href, text] of links) {
    await page.goto(href);
    expect(await heading(page), href).toBe(number(text));
  }
});

for (const list of ['/incidents', '/events?range=90d', '/indicators']) {
  test(`facets of ${list}`, async ({ page }) => {
    await page.goto(list);
    const facets = await page.locator('.facet a').evaluateAll((all) => all.map((a) => [a.getAttribute('href') ?? '', a.querySelector('.n')?.textContent ?? '']));
    for (const [href, count] of facets) {
      await page.goto(href);
      expect(await heading(page), href).toBe(number(count));
    }
  });
}

test('an organisation', async ({ page }) => {
  await page.goto('/orgs/osterby-freight');
  const links = await page.locator('main a[href*="org=osterby-freight"]').evaluateAll((all) =>
    all.map((a) => [a.getAttribute('href') ?? '', a.querySelector('b')?.textContent ?? a.lastChild?.textContent ?? '']).filter(([href, text]) => /^\/in/.test(href) && /\d/.test(text)),
  );
  expect(links.length).toBeGreaterThan(5);
  for (const [href, text] of links) {
    await page.goto(href);
    expect(await heading(page), href).toBe(number(text));
  }
});

test('a page of a long list follows the one before', async ({ page }) => {
  await page.goto('/incidents?status=closed');
  expect(await rows(page)).toBe(await heading(page));
});

for (const path of ['/incidents?status=any&sev=high', '/incidents', '/indicators?seen=2', '/orgs']) {
  test(`CSV of ${path}`, async ({ page }) => {
    await openLive(page, path);
    const shown = path === '/orgs' ? await page.locator('.matrix tbody tr').count() : (await heading(page)) - (await beside(page));
    const begun = page.waitForEvent('download');
    await page.locator('.page-foot').getByRole('link', { name: 'CSV' }).click();
    const file = await (await begun).path();
    const lines = (await readFile(file, 'utf8')).trimEnd().split(/\r?\n/);
    expect(lines.length - 1).toBe(shown);
  });
}

test('CSV of a chart has the rows of its table', async ({ page }) => {
  await openLive(page, '/orgs/osterby-freight');
  const figure = page.locator('figure').first();
  const begun = page.waitForEvent('download');
  await figure.getByRole('link', { name: 'CSV' }).click();
  const lines = (await readFile(await (await begun).path(), 'utf8')).trimEnd().split(/\r?\n/);
  expect(lines.length - 1).toBe(await figure.locator('tbody tr').count());
});
