/**
 * The `test` of all files: a page signed in at one of the hubs. Whatever a page complains about fails its test: console errors and
 * warnings, exceptions, requests that fail or are refused.
 */
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
import path from 'node:path';
import type { Role } from './people.ts';

export { expect };

/** The hub in which nothing changes but by a test. */
export const QUIET = process.env.E2E_QUIET ?? '';
/** The hub in which partners keep pushing. */
export const BUSY = process.env.E2E_BUSY ?? '';

/** The file with a person's session at a hub. */
export function session(role: Role, hub = QUIET): string {
  return path.join(process.env.E2E_FOLDER ?? '', `${hub === BUSY ? 'busy' : 'quiet'}-${role}.json`);
}

/** Collects complaints of every page of a context, except those that a test expects. */
export class Complaints {
  readonly found: string[] = [];
  private readonly expected: RegExp[] = [];

  /** From here on a complaint like this is part of the test. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  watch(context: BrowserContext): void {
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.add(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.add(`exception: ${error.error().stack ?? error.error().message}`));
    context.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // A page that is left ends its own requests.
      if (why !== 'net::ERR_ABORTED') this.add(`request failed: ${why} ${request.url()}`);
    });
    context.on('response', (response) => {
      if (response.status() >= 400) this.add(`answer ${response.status()}: ${response.url()}`);
    });
  }

  private add(text: string): void {
    if (!this.expected.some((pattern) => pattern.test(text))) this.found.push(text);
  }
}

interface Fixtures {
  /** Who is signed in; `null`: nobody. */
  role: Role | null;
  hub: string;
  complaints: Complaints;
}

export const test = base.extend<Fixtures>({
  role: ['analyst', { option: true }],
  hub: [QUIET, { option: true }],
  baseURL: async ({ hub }, use) => use(hub),
  storageState: async ({ role, hub }, use) => use(role ? session(role, hub) : undefined),
  complaints: [
    async ({ context }, use) => {
      const complaints = new Complaints();
      complaints.watch(context);
      await use(complaints);
      expect(complaints.found, 'the pages complain about nothing').toEqual([]);
    },
    { auto: true },
  ],
});

/** Opens a page and waits until it is live. */
export async function openLive(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await live(page);
}

/** Waits until the page says that it is live. */
export async function live(page: Page): Promise<void> {
  await expect(page.locator('#live')).toHaveClass('live on');
}
