/** Many tabs of one browser share one stream: browsers open six connections per host over HTTP/1.1. */
import { expect, openLive, QUIET, test } from '../support/test.ts';
import { Partner, PARTNER } from '../support/partner.ts';
import type { Page } from '@playwright/test';

const TABS = 8;

test('eight tabs are live on one stream, and another leads when the first closes', async ({ context }) => {
  test.slow();
  const partner = await Partner.at(QUIET);
  let streams = 0;
  context.on('request', (request) => {
    if (new URL(request.url()).pathname === '/live') streams += 1;
  });
  const tabs: Page[] = [];
  for (let tab = 0; tab < TABS; tab += 1) {
    const page = await context.newPage();
    await openLive(page, `/orgs/${PARTNER.slug}/metrics/https_enforced_pct`);
    tabs.push(page);
  }
  expect(streams).toBe(1);

  const follows = async (pages: Page[], value: number) => {
    await partner.metric('https_enforced_pct', value);
    for (const page of pages) {
      // A tab behind others waits until somebody looks at it.
      await page.bringToFront();
      await expect(page.locator('.stat', { hasText: 'Newest value' }).locator('.stat-value')).toHaveText(`${value} %`);
    }
  };
  await follows(tabs, 81);
  await tabs[0].close();
  await expect.poll(() => streams).toBe(2);
  await follows(tabs.slice(1), 82);
  expect(streams).toBe(2);
});
