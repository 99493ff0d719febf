/** The demo's people and how they sign in. */
import { request } from '@playwright/test';

export const PEOPLE = {
  executive: { name: 'Ines Calloway', email: 'executive@fenwick-power.example', password: 'lantern-harbour-41' },
  analyst: { name: 'Tomas Brandvik', email: 'analyst@quillon-bank.example', password: 'lantern-harbour-42' },
  org_admin: { name: 'Mette Lindqvist', email: 'admin@osterby-freight.example', password: 'lantern-harbour-43' },
  second_admin: { name: 'Anders Holm', email: 'anders@osterby-freight.example', password: 'lantern-harbour-47' },
  coordinator: { name: 'Salome Okafor', email: 'coordinator@breakwater-centre.example', password: 'lantern-harbour-45' },
  steward: { name: 'Joris Aldewereld', email: 'steward@breakwater-centre.example', password: 'lantern-harbour-44' },
  auditor: { name: 'Piet Vandaele', email: 'auditor@breakwater-centre.example', password: 'lantern-harbour-46' },
} as const;

export type Role = keyof typeof PEOPLE;

/** Signs in without a browser; the session is written to `file` for browsers to use. */
export async function signIn(hub: string, role: Role, file: string): Promise<void> {
  const { email, password } = PEOPLE[role];
  const context = await request.newContext({ baseURL: hub, extraHTTPHeaders: { origin: hub } });
  const answer = await context.post('/auth/signin', { form: { email, password, next: '/' }, maxRedirects: 0 });
  if (answer.status() !== 303 || answer.headers().location !== '/') throw new Error(`${role} cannot sign in at ${hub}: ${answer.status()}`);
  await context.storageState({ path: file });
  await context.dispose();
}
