/** Pictures of every page for people to judge: light and dark, phone, desk and wall. Written to test-results/pictures. */
import path from 'node:path';
import { BUSY, live, test } from '../support/test.ts';
import { address, PLACES } from '../support/places.ts';

test.use({ hub: BUSY });

for (const [width, height] of [[1440, 900], [390, 844], [1920, 1080]] as const) {
  for (const theme of ['light', 'dark'] as const) {
    if (theme === 'dark' && width === 1920) continue;
    for (const place of PLACES) {
      test.describe(() => {
        test.use({ viewport: { width, height }, colorScheme: theme, role: place.outside ? null : 'analyst' });
        test(`${place.name} ${width} ${theme}`, async ({ page }) => {
          await page.goto(await address(page, place));
          if (!place.outside && place.name !== 'push API') await live(page);
          const file = `${place.name.replaceAll(/\W+/g, '-')}-${width}-${theme}.png`;
          await page.screenshot({ path: path.join('test-results', 'pictures', file), fullPage: true, animations: 'disabled' });
        });
      });
    }
  }
}
