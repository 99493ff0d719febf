/** Whether a page was changed in place: the same document, the same nodes. */
import { expect, type Page } from '@playwright/test';

/** Marks the document and its `<main>`. A navigation or a replaced `<main>` loses the mark. */
export async function mark(page: Page): Promise<void> {
  await page.evaluate(() => {
    const main = document.querySelector('main');
    if (main) Object.assign(main, { e2e: true });
    Object.assign(window, { e2e: true });
  });
}

/** Sees that the marks are still there. */
export async function unmoved(page: Page): Promise<void> {
  const kept = await page.evaluate(() => 'e2e' in window && 'e2e' in (document.querySelector('main') ?? {}));
  expect(kept, 'the page was changed in place, without navigation').toBe(true);
}
