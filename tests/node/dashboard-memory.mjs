// What the dashboard keeps in memory while events arrive: three pages of one person, signatures and releases all the time.
// Arguments: those of `openDemo`, and for how many minutes. Prints JSON: a list of pages and their counts by the minute.
import assert from "node:assert/strict";
import { DANA, openDemo } from "./demo-people.mjs";

const { url, browser, ask, link, newPage, keypairOf } = await openDemo(process.argv.slice(2, 6));
const minutes = Number(process.argv[6]);
const [MINUTE, HOUR] = [60_000, 3_600_000];
const SIGNATURE_PAUSE_MILLISECONDS = 250;
const RELEASE_PAUSE_MILLISECONDS = 500;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const REFUSALS = "errors { message }";
const CREATE = `mutation ($input: CreateReleaseInput!) { result: createRelease(input: $input) { release { id } ${REFUSALS} } }`;
const SIGN = `mutation ($input: SignInput!) { result: sign(input: $input) { signature { id } ${REFUSALS} } }`;
const CLOSE = `mutation ($input: CloseReleaseInput!) { result: closeRelease(input: $input) { release { id } ${REFUSALS} } }`;

async function command(query, input) {
  const { result } = await ask(DANA, query, { input });
  assert.deepEqual(result.errors, []);
  return result;
}

const { teams } = await ask(DANA, "{ teams(first: 1) { edges { node { id } } } }");

async function openRelease(name, type, alias) {
  const now = Date.now();
  const { release } = await command(CREATE, {
    name,
    type,
    teamId: teams.edges[0].node.id,
    keypairIds: [(await keypairOf(alias)).id],
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + 2 * HOUR).toISOString(),
    maxSignatures: 1_000_000,
  });
  return release.id;
}

const page = await newPage();
await page.goto(url);
await page.fill("[name=address]", DANA);
await page.click("form button");
await page.goto(await link(DANA, "sign-in"));
await page.click("form button");
await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();

const release = await openRelease("Signed all the time", "TEST", "falcon-test");
const pages = { home: page };
for (const [name, path] of [
  ["releases", "/releases"],
  ["release", `/releases/${release}`],
]) {
  pages[name] = await page.context().newPage();
  await pages[name].goto(url + path);
  await pages[name].getByRole("heading", { level: 1 }).waitFor();
}
// The table has read some of its pages.
for (let turns = 0; turns < 10; turns++) {
  await pages.releases.mouse.move(700, 500);
  await pages.releases.mouse.wheel(0, 3_000);
  await pause(300);
}
await pages.releases.mouse.wheel(0, -100_000);
const sessions = {};
for (const [name, each] of Object.entries(pages)) sessions[name] = await each.context().newCDPSession(each);

let [going, signatures, releases] = [true, 0, 0];

async function signAllTheTime() {
  const keypairId = (await keypairOf("falcon-test")).id;
  while (going) {
    const digest = Buffer.alloc(32, `${signatures}`).toString("base64");
    await command(SIGN, {
      keypairId,
      digest,
      artifact: { name: `build ${signatures}.zip` },
    });
    signatures++;
    await pause(SIGNATURE_PAUSE_MILLISECONDS);
  }
}

async function openAndCloseAllTheTime() {
  while (going) {
    const id = await openRelease(`Nightly ${releases}`, "ONLINE", "falcon-nightly");
    await pause(RELEASE_PAUSE_MILLISECONDS);
    await command(CLOSE, { id });
    releases++;
    await pause(RELEASE_PAUSE_MILLISECONDS);
  }
}

/** What is left after collecting garbage, with how much is in the document. */
async function measure(name) {
  const session = sessions[name];
  for (let turns = 0; turns < 3; turns++) await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
  return { heapBytes: usedSize, nodes, listeners: jsEventListeners };
}

/** A list of several pages is read again when its reader wants that. */
async function showChanges() {
  const button = pages.releases.getByRole("status").getByRole("button");
  if (await button.isVisible()) await button.click();
}

async function measureAll() {
  await showChanges();
  const measured = {};
  for (const name of Object.keys(pages)) measured[name] = await measure(name);
  return measured;
}

const load = Promise.all([signAllTheTime(), openAndCloseAllTheTime()]);
await pause(MINUTE / 4); // so that what is loaded once has been
const series = [await measureAll()];
for (let minute = 1; minute <= minutes; minute++) {
  await Promise.race([pause(MINUTE), load]);
  series.push(await measureAll());
  console.error(minute, JSON.stringify(series.at(-1)));
}
going = false;
await load;
// What was measured were pages that follow: they show what happened last.
await pages.release
  .getByText(`build ${signatures - 1}.zip`)
  .first()
  .waitFor();
await pages.releases
  .getByText(`Nightly ${releases - 1}`)
  .first()
  .waitFor();
await browser.close();
console.log(JSON.stringify({ signatures, releases, series }));
