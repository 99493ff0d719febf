/**
 * Browser tests against the real program in Debian's Chromium.
 *
 *   npx playwright test                            every test
 *   SCREENSHOTS=1 npx playwright test              pictures of every page instead, into test-results/
 */
import { defineConfig } from '@playwright/test';

/** Chromium does nothing by itself: no updates, no sync, no calls home. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: process.env.SCREENSHOTS ? 'pictures' : 'tests',
  globalSetup: './support/setup.ts',
  reporter: './support/reporter.ts',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 30_000,
  expect: { timeout: 7_500 },
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args },
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Paris',
    // Smooth scrolling would still be under way when a test looks.
    contextOptions: { reducedMotion: 'reduce' },
    screenshot: 'only-on-failure',
  },
});
