/** A steward prepares another scoring policy, tries it and proposes it; the alliance votes, and every score follows. */
import AxeBuilder from '@axe-core/playwright';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { request, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { expect, test } from '../support/test.ts';
import { BINARY, Hub } from '../support/hub.ts';
import { PEOPLE, signIn, type Role } from '../support/people.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SECRET = 'lantern-harbour-48';
/** Organisations that get somebody to vote: with Fenwick Power more than half of twelve. */
const VOTERS = ['sable-water', 'quillon-bank', 'alder-hospitals', 'viaduct-rail', 'wrenfield-telecom', 'marrow-vale'];

const folder = (): string => process.env.E2E_FOLDER ?? '';
/** Seeded by the test itself: what the others share may be stale by then, and what is stale has no score. */
const database = (): string => path.join(folder(), 'deciding.db');

/** A browser of somebody. */
async function browserOf(browser: Browser, hub: Hub, role: Role): Promise<BrowserContext> {
  const session = path.join(folder(), `deciding-${role}.json`);
  await signIn(hub.url, role, session);
  return browser.newContext({ baseURL: hub.url, storageState: session });
}

/** An executive of an organisation, who votes for a decision. */
async function vote(hub: Hub, org: string, id: string): Promise<void> {
  const email = `executive@${org}.example`;
  const flags = ['admin', 'user', 'add', email, '--name', 'Eva', '--org', org, '--role', 'executive', '--database', `sqlite://${database()}`];
  const link = execFileSync(BINARY, flags, { encoding: 'utf8' });
  const token = /\/welcome\/(\S+)/.exec(link)?.[1] ?? '';
  const context = await request.newContext({ baseURL: hub.url, extraHTTPHeaders: { origin: hub.url } });
  await context.post('/auth/welcome', { form: { token, password: SECRET, again: SECRET }, maxRedirects: 0 });
  const answer = await context.post('/auth/signin', { form: { email, password: SECRET, next: '/' }, maxRedirects: 0 });
  expect(answer.status(), org).toBe(303);
  const voted = await context.post('/decisions/vote', { form: { id, choice: 'for' }, maxRedirects: 0 });
  expect(voted.headers().location, org).toBe(`/decisions/${id}?done=voted`);
  await context.dispose();
}

/** axe finds nothing, in both themes and on a phone. */
async function accessible(page: Page, what: string): Promise<void> {
  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      if (process.env.E2E_SHOTS) await page.screenshot({ path: path.join(process.env.E2E_SHOTS, `${what}-${width}-${colorScheme}.png`), fullPage: true });
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(RULES).analyze();
      const found = violations.flatMap((v) => v.nodes.slice(0, 3).map((node) => `${v.id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? v.help}`));
      expect.soft(found, `axe on ${what} at ${width} ${colorScheme}`).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect.soft(wide, `${what} sticks out at ${width}`).toBe(0);
    }
  }
}

test('a policy is drafted, tried, proposed, voted on and in force', async ({ browser, complaints }) => {
  test.setTimeout(240_000);
  const hub = await Hub.start({ database: database(), quiet: true });
  try {
    const steward = await browserOf(browser, hub, 'steward');
    complaints.watch(steward);
    // A form with a field that is wrong comes back as 422.
    complaints.expect(/422/);
    const page = await steward.newPage();
    await page.goto('/admin/catalogue');
    await accessible(page, 'catalogue');
    await page.getByRole('link', { name: 'Change Patches applied within SLA' }).click();
    await page.getByLabel('Target, 100 points').fill('ninety');
    await page.getByRole('button', { name: 'Save in the draft' }).click();
    await expect(page.locator('.fault-summary')).toContainText('1 field is wrong');
    await expect(page.getByLabel('Target, 100 points')).toHaveValue('ninety');
    await expect(page.getByLabel('Target, 100 points')).toHaveAccessibleDescription(/Must be a number/);
    await accessible(page, 'metric-wrong');
    await page.getByLabel('Target, 100 points').fill('80');
    await page.getByRole('button', { name: 'Save in the draft' }).click();
    await expect(page.getByRole('status').first()).toContainText('Saved in your draft');
    await page.getByRole('link', { name: 'Add a metric' }).click();
    await page.getByLabel('Key', { exact: true }).fill('sso_coverage_pct');
    await page.getByLabel('Title').fill('Single sign-on coverage');
    await page.getByLabel('Target, 100 points').fill('95');
    await page.getByLabel('Floor, 0 points').fill('50');
    await accessible(page, 'metric-new');
    await page.getByRole('button', { name: 'Add to the draft' }).click();
    await expect(page.getByRole('row', { name: /Single sign-on coverage new/ })).toBeVisible();
    await accessible(page, 'catalogue-drafted');
    await page.goto('/admin/policy');
    await page.getByLabel('Weight of Protect').fill('2');
    await page.getByRole('button', { name: 'Save in the draft' }).click();
    await accessible(page, 'policy');
    await page.getByRole('link', { name: 'Try and propose it' }).click();
    await expect(page.locator('#changes')).toContainText('patch_sla_met_pct: target 95 → 80');
    await expect(page.locator('#changes')).toContainText('PR: weight 1 → 2');
    // The organisation whose score changes most.
    const tried = page.locator('#dry-run tbody tr:not(.whole)').filter({ hasText: /[▲▼]/ }).first();
    await expect(tried).toContainText(/[▲▼]/);
    const then = (await tried.locator('td').nth(1).innerText()).trim();
    const name = (await tried.locator('th').innerText()).trim();
    await accessible(page, 'draft');
    await page.getByLabel('Why').fill('Nobody reaches 95 before the new gateways are there');
    await page.getByRole('button', { name: 'Propose to the alliance' }).click();
    await expect(page).toHaveURL(/\/decisions\/\d+\?done=proposed$/);
    const id = /decisions\/(\d+)/.exec(page.url())?.[1] ?? '';
    await accessible(page, 'decision');
    await page.goto('/admin/policy/draft');
    await expect(page.getByText('You have no draft.')).toBeVisible();

    for (const org of VOTERS) await vote(hub, org, id);
    const executive = await browserOf(browser, hub, 'executive');
    complaints.watch(executive);
    const other = await executive.newPage();
    await other.goto(`/decisions/${id}`);
    await expect(other.locator('.decision')).toContainText('6 for, 0 against, of 12 organisations');
    await other.getByLabel('Reason').fill('Fair');
    await other.getByRole('button', { name: 'Vote for it' }).click();
    await expect(other.locator('.decision')).toContainText('Adopted');
    await other.goto('/orgs');
    await expect(other.getByRole('row', { name }).locator('.score').first()).toHaveText(then);
    await page.goto('/admin/policy/versions/2');
    await expect(page.locator('main')).toContainText('patch_sla_met_pct: target 95 → 80');
    await accessible(page, 'version');
    await page.goto('/decisions');
    await accessible(page, 'decisions');
    await executive.close();
    await steward.close();
  } finally {
    await hub.stop();
  }
});

test.describe('others', () => {
  for (const role of Object.keys(PEOPLE).filter((role) => role !== 'steward') as Role[]) {
    test.describe(() => {
      test.use({ role });
      test(`${role} reads the catalogue and changes nothing`, async ({ page }) => {
        await page.goto('/admin/catalogue/patch_sla_met_pct');
        await expect(page.getByRole('heading', { level: 1 })).toHaveText('Patches applied within SLA');
        await expect(page.locator('main').getByRole('button')).toHaveCount(0);
        await page.goto('/admin/policy');
        await expect(page.locator('main').getByRole('textbox')).toHaveCount(0);
      });
    });
  }
});
