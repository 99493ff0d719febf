/** A partner: an API key of Osterby Freight, made on /connect as people make it, and pushes with it. */
import { request } from '@playwright/test';
import { session } from './test.ts';

export const PARTNER = { slug: 'osterby-freight', name: 'Osterby Freight' };

/** What the hub says to a push. */
export interface Receipt {
  id: string;
  status: string;
  total_count: number;
  success_count: number;
  failure_count: number;
  failures: { index: number; pointer: string; code: string; detail: string }[];
}

let made = 0;
const keys = new Map<string, Promise<Partner>>();

/** A name that no other test uses. */
export function unique(word: string): string {
  return `${word}-${process.pid}-${Date.now().toString(36)}-${++made}`;
}

export class Partner {
  private constructor(
    private readonly hub: string,
    readonly key: string,
  ) {}

  /** A key at a hub; all tests of a worker use the same. */
  static at(hub: string): Promise<Partner> {
    keys.set(hub, keys.get(hub) ?? Partner.make(hub));
    return keys.get(hub) as Promise<Partner>;
  }

  /** Makes a key at a hub. */
  static async make(hub: string, name = unique('e2e')): Promise<Partner> {
    const context = await request.newContext({ baseURL: hub, storageState: session('org_admin', hub), extraHTTPHeaders: { origin: hub } });
    const answer = await context.post('/connect', { form: { name } });
    const key = /swk_[0-9A-Za-z]{53}/.exec(await answer.text())?.[0];
    await context.dispose();
    if (!key) throw new Error(`/connect answered ${answer.status()} without a key`);
    return new Partner(hub, key);
  }

  /** Uses a key that is there already. */
  static with(hub: string, key: string): Partner {
    return new Partner(hub, key);
  }

  async push(what: 'metrics' | 'incidents' | 'events' | 'indicators', ...items: object[]): Promise<Receipt> {
    const answer = await fetch(`${this.hub}/api/v1/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
    });
    const body = await answer.text();
    if (!answer.ok) throw new Error(`the push was refused with ${answer.status}: ${body}`);
    return JSON.parse(body) as Receipt;
  }

  metric(metric: string, value: number): Promise<Receipt> {
    return this.push('metrics', { metric, value, observed_at: new Date().toISOString() });
  }

  incident(title: string, severity: string): Promise<Receipt> {
    const now = new Date().toISOString();
    return this.push('incidents', { external_id: unique('E2E'), title, severity, status: 'new', tlp: 'GREEN', class: 'fraud/phishing', opened_at: now, updated_at: now });
  }
}
