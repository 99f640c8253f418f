// oidc-provider as a peer: one public client, everything in memory, refresh tokens that rotate at every use.
//
// Told how many sessions to make; says in one line of JSON where it listens and which refresh tokens they begin with.
// Access tokens are opaque and there is no ID token, so that it signs nothing: the least work that it can be asked for.

import { Provider } from 'oidc-provider';

const CLIENT = 'bench';
const SCOPE = 'offline_access';
const sessions = Number(process.argv[2]);

// As the adapter that it brings for development, without that one's bound of a thousand entries: sessions that wait for
// their turn would be forgotten.
const entries = new Map();
const keysOfGrant = new Map();
class InMemory {
  constructor(model) {
    this.model = model;
  }
  key(id) {
    return `${this.model}:${id}`;
  }
  async upsert(id, payload) {
    const key = this.key(id);
    if (payload.grantId && this.model !== 'Grant') {
      const keys = keysOfGrant.get(payload.grantId);
      if (keys) keys.push(key);
      else keysOfGrant.set(payload.grantId, [key]);
    }
    entries.set(key, payload);
  }
  async find(id) {
    return entries.get(this.key(id));
  }
  async consume(id) {
    entries.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    entries.delete(this.key(id));
  }
  async revokeByGrantId(grantId) {
    for (const key of keysOfGrant.get(grantId) ?? []) entries.delete(key);
    keysOfGrant.delete(grantId);
  }
}

const provider = new Provider('http://127.0.0.1', {
  adapter: InMemory,
  clients: [
    {
      client_id: CLIENT,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/callback'],
    },
  ],
  scopes: [SCOPE],
  rotateRefreshToken: true,
  features: { devInteractions: { enabled: false } },
  ttl: { AccessToken: 300, Grant: 86_400, RefreshToken: 86_400 },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  cookies: { keys: ['only for measuring'] },
});
provider.on('server_error', (_, error) => console.error(error));

const client = await provider.Client.find(CLIENT);
const tokens = [];
for (let session = 0; session < sessions; session += 1) {
  const accountId = `operator-${session}`;
  const grant = new provider.Grant({ accountId, clientId: CLIENT });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  const token = new provider.RefreshToken({
    accountId,
    acr: '0',
    authTime: Math.floor(Date.now() / 1000),
    client,
    grantId,
    gty: 'authorization_code',
    scope: SCOPE,
    sessionUid: accountId,
    rotations: 0,
  });
  tokens.push(await token.save());
}

// Clients come back after the others had their turn.
const server = provider.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: server.address().port, refresh_tokens: tokens }));
});
server.keepAliveTimeout = 600_000;
