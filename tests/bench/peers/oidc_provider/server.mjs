// An authorization server on oidc-provider, all of it in memory, that issues JWT access tokens by client credentials.
// Arguments: port, algorithm (ES256, RS384), bits of an RSA key, client id, client secret.
import { createRequire } from 'node:module';
import { generateKeyPairSync } from 'node:crypto';

// The packages are where `make bench-peers` has put them: the working directory.
const require = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(require.resolve('oidc-provider'));

const [port, alg, bits, clientId, clientSecret] = process.argv.slice(2);
const pair =
  alg === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: Number(bits) });
const key = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'bench', alg, use: 'sig' };
const resource = 'https://api.example';

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [key] },
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: alg,
    },
  ],
  enabledJWA: { idTokenSigningAlgValues: [alg] },
  routes: { token: '/auth/token' },
  scopes: ['sms:send'],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: 'sms:send',
        audience: 'passgate',
        accessTokenTTL: 3600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg } },
      }),
    },
  },
});
provider.on('server_error', (_, error) => console.error(error));
provider.listen(Number(port), '127.0.0.1');
