// An OpenID provider for one client of each way to authenticate; says its issuer once it listens. Any name and password sign in.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [, , redirectUri, clientSecret] = process.argv;
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    clients: ["client_secret_basic", "client_secret_post"].map((method) => ({
      client_id: method,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [new URL("/sign-in", redirectUri).href],
      token_endpoint_auth_method: method,
    })),
    conformIdTokenClaims: false,
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
    }),
    pkce: { required: () => true },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
