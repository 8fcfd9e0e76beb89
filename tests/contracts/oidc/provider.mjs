// A real OpenID provider for tests: node provider.mjs PORT PEOPLE.json REDIRECT_URI
// PEOPLE.json is read at each question: {"login": {"preferred_username": …, "groups": […]}}
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const [port, people, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const claimsOf = login => JSON.parse(readFileSync(people, 'utf8'))[login];

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'notehouse',
      client_secret: 'a-secret-of-tests',
      redirect_uris: [redirect],
      token_endpoint_auth_method: 'client_secret_post'
    }
  ],
  claims: {
    openid: ['sub'],
    profile: ['preferred_username', 'given_name', 'family_name'],
    email: ['email', 'email_verified'],
    groups: ['groups']
  },
  cookies: { keys: ['a-cookie-key-of-tests'] },
  pkce: { required: () => true },
  findAccount: (_, sub) => (claimsOf(sub) ? { accountId: sub, claims: () => ({ sub, ...claimsOf(sub) }) } : undefined)
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
