// A real OpenID provider for tests: node provider.mjs PORT PEOPLE.json REDIRECT_URI
// PEOPLE.json is read at each question: {"login": {"preferred_username": …, "groups": […]}}
// "id_token": {"aud": …} of somebody stands for a provider gone wrong: their ID token says that instead of the truth,
// "forged": true has it signed by a stranger.
import { readFileSync } from 'node:fs';
import { SignJWT, decodeJwt, exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const [port, people, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const claimsOf = login => JSON.parse(readFileSync(people, 'utf8'))[login];

const ours = await generateKeyPair('RS256', { extractable: true });
const strangers = await generateKeyPair('RS256');

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...(await exportJWK(ours.privateKey)), kid: 'a-key-of-tests', use: 'sig', alg: 'RS256' }] },
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
provider.use(async (context, next) => {
  await next();
  const token = context.body?.id_token;
  const said = token && claimsOf(decodeJwt(token).sub)?.id_token;
  if (!said) return;
  const { forged, ...claims } = said;
  context.body.id_token = await new SignJWT({ ...decodeJwt(token), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'a-key-of-tests' })
    .sign((forged ? strangers : ours).privateKey);
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
