// The front page of Forge asks Countersign with the session of Forge: both are at one origin.

async function ask(query, variables = {}) {
  const response = await fetch("/signing/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json();
  document.querySelector("#answer").textContent = JSON.stringify(answer, null, 2);
  return answer.data;
}

const inHours = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();

async function prepare() {
  await ask(`mutation {
    updateAccount(input: { teamsEnabled: false }) { errors { message } }
    createKeypair(input: { alias: "forge", type: OFFLINE }) { keypair { id publicKeyPem } errors { message } }
  }`);
}

async function request() {
  const { keypair, viewer } = await ask(`{ keypair(alias: "forge") { id } viewer { user { id } } }`);
  const input = {
    name: `Forge ${new Date().toISOString()}`,
    type: "OFFLINE",
    keypairIds: [keypair.id],
    participantIds: [viewer.user.id],
    startsAt: inHours(0),
    endsAt: inHours(4),
    maxSignatures: 5,
  };
  await ask(
    `mutation ($input: CreateReleaseInput!) {
      createRelease(input: $input) { release { id name status } errors { message } }
    }`,
    { input },
  );
}

async function sign() {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("what was built"));
  const input = {
    keypairAlias: "forge",
    digest: btoa(String.fromCharCode(...new Uint8Array(digest))),
    artifact: { name: "forge.tar.gz" },
  };
  await ask(
    `mutation ($input: SignInput!) {
      sign(input: $input) { signature { value } errors { message } }
    }`,
    { input },
  );
}

const actions = { prepare, request, sign };
for (const [id, action] of Object.entries(actions)) document.getElementById(id)?.addEventListener("click", action);

if (document.querySelector("#viewer")) {
  const { viewer } = await ask("{ viewer { user { name email } permissions } }");
  document.querySelector("#viewer").textContent = `At Countersign: ${viewer.user.name} (${viewer.user.email})`;
}
