// Pictures of the dashboard on a demo with some releases. Arguments: those of `openDemo`, the folder to write to, and
// "all" for every page in every variant in place of those that the documents show.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ADMIN, ANN, BOB, DANA, openDemo } from "./demo-people.mjs";

const demo = await openDemo(process.argv.slice(2, 6));
const [folder, selection] = process.argv.slice(6);
const { url, browser, link, newPage, keypairOf } = demo;
const HOUR_MILLISECONDS = 3_600_000;
const QUALITY = 82;
const MOST_PIXELS = 1900;
const SIZES = {
  wide: { viewport: { width: 1280, height: 800 } },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true },
};

async function signIn(who) {
  const page = await newPage();
  await page.goto(url);
  await page.fill("[name=address]", who);
  await page.click("form button");
  await page.goto(await link(who, "sign-in"));
  await page.click("form button");
  await page.locator("main h1").waitFor();
  return page;
}

const sessions = {};
for (const who of [ADMIN, ANN, BOB, DANA]) sessions[who] = await signIn(who);

/** Asks as the page of somebody does, whose session may do more than the tokens of the demo. */
async function ask(who, query, variables) {
  const body = JSON.stringify({ query, variables });
  const { data, errors } = await sessions[who].evaluate(async (body) => {
    const headers = { "Content-Type": "application/json" };
    return (await fetch("/graphql", { method: "POST", headers, body })).json();
  }, body);
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

const command = async (who, name, input, answer) => {
  const type = `${name[0].toUpperCase()}${name.slice(1)}Input!`;
  const query = `mutation ($input: ${type}) { result: ${name}(input: $input) { ${answer} errors { message } } }`;
  const { result } = await ask(who, query, { input });
  assert.deepEqual(result.errors, []);
  return result;
};

const { team } = await ask(
  DANA,
  `{ team: teams(first: 1) { edges { node { id membersConnection { edges { node { id } } } } } } }`,
);
const falcon = team.edges[0].node;
const aliases = { "titan-release": "OFFLINE", "titan-hotfix": "OFFLINE", "titan-nightly": "ONLINE" };
const titanKeypairs = [];
for (const [alias, type] of Object.entries(aliases)) {
  const { keypair } = await command(
    ADMIN,
    "createKeypair",
    { alias, type, algorithm: "ECDSA_P256" },
    "keypair { id }",
  );
  titanKeypairs.push(keypair.id);
}
const memberIds = falcon.membersConnection.edges.map(({ node }) => node.id);
const titanInput = { name: "Titan", memberIds, keypairIds: titanKeypairs, requiredApprovals: 2 };
const { team: titan } = await command(ADMIN, "createTeam", titanInput, "team { id }");

async function request(name, version, type, alias, [from, until], more = {}) {
  const at = (hours) => new Date(Date.now() + hours * HOUR_MILLISECONDS).toISOString();
  const keypairIds = [(await keypairOf(alias)).id];
  const teamId = alias.startsWith("titan") ? titan.id : falcon.id;
  const input = {
    name,
    version,
    type,
    keypairIds,
    teamId,
    startsAt: at(from),
    endsAt: at(until),
    maxSignatures: 20,
    ...more,
  };
  return (await command(DANA, "createRelease", input, "release { id }")).release.id;
}
const decide = (who, name, id, words) => command(who, name, { id, revision: 1, ...words }, "release { id }");
async function approved(id) {
  await decide(ANN, "approveRelease", id, { comment: "Tests are green on all platforms." });
  await decide(BOB, "approveRelease", id, { comment: "Go" });
  return id;
}

const note = "The notes are in the wiki. Installers for Windows and macOS, archives for Linux.";
const open = await approved(
  await request("Falcon desktop", "9.2.0", "OFFLINE", "falcon-release", [0, 3], { note }),
);
for (const name of [
  "falcon-9.2.0.msi",
  "falcon-9.2.0.dmg",
  "falcon-9.2.0-x86_64.tar.gz",
  "falcon-9.2.0-aarch64.tar.gz",
  "SHA256SUMS",
]) {
  await demo.sign("falcon-release", name);
}
const waiting = await request("Falcon macOS", "9.2.1", "OFFLINE", "falcon-hotfix", [20, 24], {
  note: "Mends the login on macOS.",
});
await decide(BOB, "approveRelease", waiting, { comment: "Reviewed the two commits." });
await request("Titan server hotfix", "2.0.1", "OFFLINE", "titan-hotfix", [44, 52]);
const nightly = await request("Falcon nightly", null, "ONLINE", "falcon-nightly", [0, 12]);
for (let number = 1; number <= 9; number++)
  await demo.sign("falcon-nightly", `falcon-nightly-${number}.tar.gz`);
const tested = await request("Falcon test build", null, "TEST", "falcon-test", [0, 2]);
await command(DANA, "closeRelease", { id: tested }, "release { id }");
await decide(
  ANN,
  "rejectRelease",
  await request("Titan preview", "2.0-rc", "OFFLINE", "titan-release", [1, 3]),
  { comment: "The changelog is not ready." },
);
await approved(await request("Titan server", "2.0.0", "OFFLINE", "titan-release", [26, 50]));
const broken = await request("Titan nightly", null, "ONLINE", "titan-nightly", [0, 8]);
await command(ANN, "stopRelease", { id: broken, reason: "The build machine is broken." }, "release { id }");

const { id: keypair } = await keypairOf("falcon-release");
const PAGES = {
  home: [ANN, "/"],
  releases: [ANN, "/releases"],
  release: [ANN, `/releases/${open}`],
  waiting: [ANN, `/releases/${waiting}`],
  timeline: [ANN, "/timeline"],
  request: [DANA, `/request?copy=${open}`],
  "can-i-sign": [DANA, `/can-i-sign?keypair=${keypair}`],
  keypairs: [ADMIN, "/keypairs"],
  keypair: [ADMIN, `/keypairs/${keypair}`],
  ledger: [ADMIN, "/ledger"],
  people: [ADMIN, "/people"],
  team: [ADMIN, `/teams/${falcon.id}`],
  roles: [ADMIN, "/roles"],
  tokens: [ADMIN, "/tokens"],
  pipelines: [ADMIN, "/pipelines"],
  webhooks: [ADMIN, "/webhooks"],
  account: [ADMIN, "/account"],
  settings: [ANN, "/settings"],
};
const OF_DOCUMENTS = [
  "home-wide",
  "release-wide",
  "timeline-dark",
  "releases-wide",
  "waiting-phone",
  "can-i-sign-wide",
  "ledger-wide",
];

for (const [size, options] of Object.entries(SIZES)) {
  for (const [name, [who, path]] of Object.entries(PAGES)) {
    if (selection !== "all" && !OF_DOCUMENTS.includes(`${name}-${size}`)) continue;
    const storageState = await sessions[who].context().storageState();
    const page = await newPage({
      ...options,
      storageState,
      timezoneId: "Europe/Berlin",
      reducedMotion: "reduce",
    });
    await page.goto(url + path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForLoadState("networkidle");
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    const session = await page.context().newCDPSession(page);
    const picture = { format: "webp", quality: QUALITY, captureBeyondViewport: selection === "all" };
    if (selection === "all") {
      const { cssContentSize } = await session.send("Page.getLayoutMetrics");
      picture.clip = { ...cssContentSize, height: Math.min(cssContentSize.height, MOST_PIXELS), scale: 1 };
    }
    const { data } = await session.send("Page.captureScreenshot", picture);
    await writeFile(join(folder, `${name}-${size}.${picture.format}`), Buffer.from(data, "base64"));
    await page.context().close();
  }
}
await browser.close();
