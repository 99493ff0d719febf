/** Every page of the product, with a record of each kind that the seeded alliance has. */
import type { Page } from '@playwright/test';

export interface Place {
  name: string;
  /** Where it is; for a single record, the links to follow from there. */
  path: string;
  follow?: string[];
  /** Nobody is signed in there. */
  outside?: boolean;
}

/** The one critical incident that is open when the demo begins. */
export const CRITICAL = 'Intruder on two file servers after an unpatched VPN gateway';

export const PLACES: Place[] = [
  { name: 'overview', path: '/' },
  { name: 'organisations', path: '/orgs' },
  { name: 'organisation', path: '/orgs/osterby-freight' },
  { name: 'silent organisation', path: '/orgs/port-of-eskdal' },
  { name: 'metric', path: '/orgs/osterby-freight/metrics/patch_sla_met_pct' },
  { name: 'metric across organisations', path: '/metrics/patch_sla_met_pct' },
  { name: 'incidents', path: '/incidents' },
  { name: 'incidents, none found', path: '/incidents?q=there-is-none' },
  { name: 'incident', path: '/incidents', follow: ['[data-row]'] },
  { name: 'events', path: '/events' },
  { name: 'event', path: '/incidents', follow: ['[data-row]', 'main a[href^="/events/"]'] },
  { name: 'indicators', path: '/indicators' },
  { name: 'indicator', path: '/indicators', follow: ['[data-row]'] },
  { name: 'push log', path: '/receipts' },
  { name: 'receipt', path: '/receipts', follow: ['[data-row]'] },
  { name: 'connect', path: '/connect' },
  { name: 'sharing', path: '/admin/sharing' },
  { name: 'view as', path: '/admin/sharing/as?org=osterby-freight' },
  { name: 'sharing groups', path: '/admin/groups' },
  { name: 'people', path: '/admin/users' },
  { name: 'API keys', path: '/admin/keys' },
  { name: 'account', path: '/account' },
  { name: 'step up', path: '/stepup' },
  { name: 'decisions', path: '/decisions' },
  { name: 'catalogue', path: '/admin/catalogue' },
  { name: 'metric definition', path: '/admin/catalogue/patch_sla_met_pct' },
  { name: 'policy', path: '/admin/policy' },
  { name: 'policy version', path: '/admin/policy/versions/1' },
  { name: 'words', path: '/about' },
  { name: 'scoring', path: '/about/scoring' },
  { name: 'status', path: '/status' },
  { name: 'push API', path: '/docs/api' },
  { name: 'sign in', path: '/signin', outside: true },
  { name: 'sign in, refused', path: '/signin?error=credentials', outside: true },
  { name: 'sign in, code', path: '/signin/code', outside: true },
  { name: 'welcome', path: '/welcome/unknown', outside: true },
];

/** The address of a place. */
export async function address(page: Page, place: Place): Promise<string> {
  let path = place.path;
  for (const selector of place.follow ?? []) path = await linkOn(page, path, selector);
  return path;
}

/** The address behind the first link that a selector finds on a page; the page on the screen stays. */
async function linkOn(page: Page, path: string, selector: string): Promise<string> {
  const html = await (await page.request.get(path)).text();
  // The page itself may have JavaScript turned off; its tools work nevertheless.
  const href = await page.evaluate(
    ([text, query]) => new DOMParser().parseFromString(text, 'text/html').querySelector(query)?.getAttribute('href'),
    [html, selector] as const,
  );
  if (!href) throw new Error(`${path} has no ${selector}`);
  return href;
}
