/** An organisation's identity provider: a real one (oidc-provider) that insists on PKCE. It believes whatever name is typed. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import Provider from 'oidc-provider';
import { BINARY, freePort, type Hub } from './hub.ts';

const SECRET = 'a-secret-of-the-client-0123456789';

/** A page of the provider's. */
function page(body: string): string {
  return `<!DOCTYPE html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">${body}</html>`;
}

export class Idp {
  /** How often it asked for a name. */
  asked = 0;

  private constructor(
    readonly issuer: string,
    private readonly provider: Provider,
    private readonly server: Server,
  ) {}

  /** Starts a provider and makes it an organisation's, as the hub's operator does. `localhost` and the hub's `127.0.0.1` are two sites for a browser. */
  static async start(hub: Hub, database: string, org: string, mail: string): Promise<Idp> {
    const port = await freePort();
    const issuer = `http://localhost:${port}`;
    const secret = `${database}.secret`;
    writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 });
    const set = ['admin', 'oidc', 'set', org, '--issuer', issuer, '--client-id', 'hub', '--client-secret-file', secret];
    const address = execFileSync(BINARY, [...set, '--public-url', hub.url, '--database', `sqlite://${database}`], { encoding: 'utf8' }).trim();
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: 'hub',
          client_secret: SECRET,
          redirect_uris: [address],
          post_logout_redirect_uris: [`${hub.url}/auth/oidc/signed-out`],
          response_types: ['code'],
          grant_types: ['authorization_code'],
        },
      ],
      pkce: { required: () => true },
      // Its own pages fetch a typeface from elsewhere.
      features: {
        devInteractions: { enabled: false },
        rpInitiatedLogout: {
          logoutSource: (context, form) => {
            context.type = 'html';
            context.body = page(`${form}<button form="op.logoutForm" name="logout" value="yes">End the session there</button>`);
          },
        },
      },
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      cookies: { keys: ['of-a-test'] },
      // A mail address of the hub's, which must mean nothing to it.
      claims: { openid: ['sub', 'email', 'email_verified'] },
      conformIdTokenClaims: false,
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: mail, email_verified: true }) }),
      loadExistingGrant: async (context) => {
        const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client?.clientId, accountId: context.oidc.session?.accountId });
        grant.addOIDCScope('openid');
        await grant.save();
        return grant;
      },
    });
    const answer = provider.callback();
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/interaction/')) void idp.interact(request, response);
      else void answer(request, response);
    });
    const idp = new Idp(issuer, provider, server);
    await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
    return idp;
  }

  /** Asks who it is, and believes it. */
  private async interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      this.asked += 1;
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(page('<form method="post"><label>Your name there <input name="name"></label><button>Sign in there</button></form>'));
      return;
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    await this.provider.interactionFinished(request, response, { login: { accountId: new URLSearchParams(body).get('name') ?? '' } });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
