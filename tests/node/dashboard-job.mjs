// The main job in the dashboard, told by people in browsers of their own: Dana requests, Ann and Bob approve, Dana signs.
// Arguments: the browser's path, the URL of the service, the URL of its mail catcher, JSON of tokens by address.
import assert from "node:assert/strict";
import { ADMIN, ANN, BOB, DANA, openDemo, shows } from "./demo-people.mjs";
import { faultsOf } from "./faults.mjs";

const { url, browser, complaints, link, newPage, keypairOf, sign } = await openDemo(process.argv.slice(2));

async function signIn(who, linksBefore = 0) {
  const page = await newPage();
  await page.goto(`${url}/releases?mine=true`);
  await page.waitForURL("**/sign-in?next=*");
  await page.fill("[name=address]", who);
  await page.click("form button");
  await page.waitForURL("**/sign-in/code*");
  await page.goto(await link(who, "sign-in", linksBefore));
  await page.click("form button");
  await page.getByRole("heading", { level: 1, name: "Releases" }).waitFor();
  assert.equal(new URL(page.url()).search, "?mine=true", "one comes back to where one wanted to go");
  return page;
}

async function act(page, action, words) {
  await page.getByRole("button", { name: action, exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  if (words) await dialog.getByRole("textbox").fill(words);
  await dialog.getByRole("button", { name: action, exact: true }).click();
  await dialog.waitFor({ state: "hidden" });
}

const [dana, ann] = [await signIn(DANA), await signIn(ANN)];

// Dana requests; what she forgets is told at its field, all at once.
await dana.keyboard.press("g");
await dana.keyboard.press("n");
await dana.getByRole("heading", { name: "Request a release" }).waitFor();
await dana.getByRole("button", { name: "Request", exact: true }).click();
await shows(dana, "Name the team that works on this release.");
await shows(dana, "Name at least one keypair.");
await dana.getByLabel("Name", { exact: false }).first().fill("Falcon 9");
await dana.getByLabel("Team", { exact: false }).first().selectOption({ label: "Falcon" });
await shows(dana, "2 must approve, of: Ann Archer, Bob Baker, Cleo Cook");
await dana.getByLabel("falcon-release").check();
await dana.getByLabel("Signatures at most").fill("3");
await dana.getByRole("button", { name: "For an hour, from now" }).click();

await ann.getByRole("link", { name: "Home" }).click();
await shows(ann, "Nothing waits for your decision.");
await dana.getByRole("button", { name: "Request", exact: true }).click();
await dana.getByRole("heading", { level: 1, name: "Falcon 9" }).waitFor();
await shows(dana, "2 approvals are missing.");

// Ann sees it without doing anything, and approves in place; Bob does from his mail, without any script.
const waiting = ann.getByRole("article").filter({ hasText: "Falcon 9" });
await waiting.first().waitFor();
assert.equal(await waiting.count(), 1, "what waits for her is listed once");
await act(ann, "Approve", "Looks good");
await shows(ann, "Nothing waits for your decision.");
await shows(dana, "One approval is missing.");
await shows(dana, "Looks good");
const bob = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
await bob.goto(await link(BOB, "decide"));
await bob.click("button[value=APPROVE]");
const approvedAt = Date.now();
await dana.locator("[aria-current=step]").filter({ hasText: "In progress" }).waitFor();
const liveMilliseconds = Date.now() - approvedAt;

// Signatures appear; what was made while the connection was lost does, too.
await sign("falcon-release", "falcon.tar.gz");
await shows(dana, "1 of 3 signatures");
await shows(dana, "falcon.tar.gz");

// Why it would work now is told condition by condition; the timeline has it in the lane of its keypair.
const open = dana.url();
await dana.goto(`${url}/can-i-sign`);
await dana.getByRole("combobox", { name: "Keypair" }).fill("con-rel");
await dana.getByRole("option", { name: "falcon-release" }).click();
await shows(dana, "Yes: a signature would be made.");
assert.equal(new URL(dana.url()).searchParams.get("keypair"), (await keypairOf("falcon-release")).id);
await dana.goto(`${url}/timeline`);
// What is free can be requested from there: with a key at once, with a click from the place in time on.
const gap = dana.getByRole("link", { name: "Request a release with falcon-hotfix" });
await gap.press("Enter");
await dana.waitForURL(/request\?keypair=[^&]+$/);
await dana.goBack();
await gap.click({ position: { x: 300, y: 20 } });
await dana.waitForURL(/request\?keypair=.+&startsAt=.+/);
await dana.goBack();
await dana
  .getByRole("group", { name: "falcon-release" })
  .getByRole("link", { name: "Falcon 9, In progress" })
  .click();
assert.equal(dana.url(), open);
await dana.context().setOffline(true);
await shows(dana, "Connection lost.");
await sign("falcon-release", "falcon.zip");
await dana.context().setOffline(false);
await dana.getByText("Connection lost.").waitFor({ state: "hidden" });
await shows(dana, "2 of 3 signatures");

// Ann changes the open release. Its approval stands, which is said before; she confirms what allows more signatures.
await ann.goto(`${url}/request?edit=${open.split("/").at(-1)}`);
await shows(ann, "its approval stands whatever you change");
await ann.getByLabel("Signatures at most").fill("2");
await ann.getByRole("button", { name: "Save", exact: true }).click();
await ann.getByRole("heading", { level: 1, name: "Falcon 9" }).waitFor();
await shows(dana, "all signatures are used, closes in");
await ann.getByRole("link", { name: "Edit", exact: true }).click();
await ann.getByLabel("Signatures at most").fill("3");
await ann.getByRole("button", { name: "Save", exact: true }).click();
await shows(ann, "The open release allows more than was approved");
await ann.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
await shows(dana, "2 of 3 signatures");
await shows(ann, "2 of 3 signatures");
await ann.getByRole("link", { name: "Home" }).click();

await act(dana, "Close");
await dana.locator("[data-status=COMPLETED]").first().waitFor();
const release = dana.url();

// A copy is rejected, with a reason and not without.
await dana.getByRole("link", { name: "Copy to a new request" }).click();
await dana.getByLabel("Name", { exact: false }).first().fill("Falcon 10");
await dana.getByRole("button", { name: "Request", exact: true }).click();
await dana.getByRole("heading", { level: 1, name: "Falcon 10" }).waitFor();

// It is edited, and says in what its revisions differ.
await dana.getByRole("link", { name: "Edit" }).click();
await dana.getByLabel("Signatures at most").fill("4");
await dana.getByRole("button", { name: "Save", exact: true }).click();
const differences = dana.getByRole("region", { name: "Differences between revisions" });
await differences.getByRole("row", { name: "Signatures at most 3 4" }).waitFor();
const edited = dana.url();
await ann.getByRole("article").filter({ hasText: "Falcon 10" }).first().waitFor();
await ann.getByRole("button", { name: "Reject" }).first().click();
await ann.getByRole("dialog").getByRole("button", { name: "Reject" }).click();
await shows(ann, "Say why");
await ann.keyboard.press("Escape");
await act(ann, "Reject", "Not on a Friday");
await dana.locator("[aria-current=step]").filter({ hasText: "Rejected" }).waitFor();
await shows(dana, "Not on a Friday");

// An online release opens at once, and is stopped.
await dana.goto(`${url}/request`);
await dana.getByText("Online", { exact: true }).click();
await dana.getByLabel("Name", { exact: false }).first().fill("Falcon nightly");
await dana.getByLabel("Team", { exact: false }).first().selectOption({ label: "Falcon" });
await dana.getByLabel("falcon-nightly").check();
await dana.getByRole("button", { name: "For an hour, from now" }).click();
await dana.getByRole("button", { name: "Request", exact: true }).click();
await dana.locator("[aria-current=step]").filter({ hasText: "In progress" }).waitFor();
const running = dana.url();
await act(dana, "Stop", "The build machine is broken");
await dana.locator("[aria-current=step]").filter({ hasText: "Failed" }).waitFor();
await shows(dana, "The build machine is broken");

// The ledger has all of it: filtered by what happened, and from there everything about one release.
const admin = await signIn(ADMIN);
await admin.goto(`${url}/ledger`);
await shows(admin, "Approved: 1 of 2 approvals");
await shows(admin, "falcon.zip, with falcon-release");
await admin.goto(`${url}/ledger?tag=release:stopped`);
const stopped = admin.getByRole("list", { name: "Ledger" }).getByRole("listitem");
await stopped.filter({ hasText: "The build machine is broken" }).getByRole("link", { name: "Falcon nightly" }).waitFor();
assert.equal(await stopped.count(), 1);
await stopped.getByText("Details").click();
await stopped.getByRole("link", { name: "All entries of this release" }).click();
await admin.getByText("Only about the release Falcon nightly").waitFor();
await stopped.filter({ hasText: "Release requested" }).waitFor();

// She freezes signing, which every page says and the timeline shows in all lanes, and lifts the freeze.
await admin.goto(`${url}/account`);
await act(admin, "Freeze signing");
await shows(dana, "Signing is frozen for the whole account");
await admin.getByRole("link", { name: "Timeline" }).click();
await admin.getByText(/^Signing frozen since/).waitFor();
await admin.getByRole("link", { name: "To the kill switch" }).click();
await act(admin, "Lift the freeze of signing");
await admin.getByRole("link", { name: "Timeline" }).click();
await admin.getByText(/^Signing frozen from/).waitFor();

// She changes a rule of the account; who may not reads them, and is told why.
await admin.goto(`${url}/account`);
await admin.getByLabel("Longest window, in days").fill("40000");
await admin.getByRole("button", { name: "Save" }).click();
await admin.locator("[aria-invalid=true]").waitFor();
await admin.getByLabel("Longest window, in days").fill("45");
await admin.getByRole("button", { name: "Save" }).click();
await shows(admin, "Saved.");
await dana.goto(`${url}/account`);
assert.equal(await dana.getByLabel("Longest window, in days").inputValue(), "45");
assert.equal(await dana.getByLabel("Longest window, in days").isDisabled(), true);

// Dana makes a token for a program: its secret works, is shown once, and ends with the token.
await dana.goto(`${url}/tokens`);
await dana.getByRole("button", { name: "New token" }).click();
const newToken = dana.getByRole("dialog", { name: "New token" });
await newToken.getByLabel("Name").fill("nightly build");
await newToken.getByRole("button", { name: "Create token" }).click();
await shows(dana, "Choose at least one.");
await newToken.getByLabel("View releases").check();
await newToken.getByRole("button", { name: "Create token" }).click();
const secret = await dana.getByRole("dialog", { name: "The secret of the token" }).locator("pre").textContent();
const statusOf = async (token) => {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query: "{ viewer { user { name } } }" });
  const { errors } = await (await fetch(`${url}/graphql`, { method: "POST", headers, body })).json();
  return errors?.[0].extensions.code ?? "works";
};
assert.equal(await statusOf(secret), "works");
await dana.getByRole("button", { name: "Done" }).click();
assert.equal((await dana.content()).includes(secret), false);
const nightly = dana.getByRole("listitem").filter({ hasText: "nightly build" });
await nightly.getByRole("button", { name: "Revoke" }).click();
await dana.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
await nightly.getByText("Revoked").first().waitFor();
assert.equal(await statusOf(secret), "UNAUTHENTICATED");

// She adds a webhook, gives it a new secret, and switches it off; an address that cannot be reached is refused.
await admin.goto(`${url}/webhooks`);
await admin.getByRole("button", { name: "New webhook" }).click();
const newWebhook = admin.getByRole("dialog", { name: "New webhook" });
await newWebhook.getByLabel("Name").fill("chat");
await newWebhook.getByLabel("Address").fill("http://127.0.0.1/");
await newWebhook.getByRole("button", { name: "Create webhook" }).click();
await newWebhook.locator("[aria-invalid=true]").waitFor();
await newWebhook.getByLabel("Address").fill("https://hooks.example.com/releases");
await newWebhook.getByRole("button", { name: "Create webhook" }).click();
await admin.getByRole("dialog", { name: "The secret of the webhook" }).waitFor();
await admin.getByRole("button", { name: "Done" }).click();
await admin.getByRole("heading", { level: 1, name: "chat" }).waitFor();
await admin.getByRole("button", { name: "Renew the secret" }).click();
await admin.getByRole("dialog").getByRole("button", { name: "Renew the secret" }).click();
await admin.getByRole("dialog", { name: "The secret of the webhook" }).waitFor();
await admin.getByRole("button", { name: "Done" }).click();
await act(admin, "Disable");
await shows(admin, "Off because");
const webhook = admin.url();

// She adds a keypair, which Dana sees why she cannot, gives it to the team, and invites a person.
await admin.goto(`${url}/keypairs`);
const create = async (what, action = what) => {
  await admin.getByRole("button", { name: what }).click();
  await admin.getByRole("dialog").getByRole("button", { name: action }).click();
  await admin.locator("[aria-invalid=true]").first().waitFor();
};
await create("New keypair", "Create keypair");
const newKeypair = admin.getByRole("dialog", { name: "New keypair" });
await newKeypair.getByLabel("Name", { exact: false }).first().fill("falcon-next");
await newKeypair.getByLabel("Algorithm").selectOption("ECDSA_P384");
await newKeypair.getByRole("button", { name: "Create keypair" }).click();
await admin.getByRole("heading", { level: 1, name: "falcon-next" }).waitFor();
// It signs a certificate request, and a certificate of its own; both need a reason.
const certify = admin.getByRole("dialog", { name: "Request or issue a certificate: falcon-next" });
await create("Request or issue a certificate", "Make the request");
await certify.getByLabel("Reason").fill("For the new authority");
await certify.getByRole("button", { name: "Make the request" }).click();
await shows(admin, "BEGIN CERTIFICATE REQUEST");
await admin.getByRole("button", { name: "Done" }).click();
await admin.getByRole("button", { name: "Request or issue a certificate" }).click();
await certify.getByText("Self-signed certificate").click();
await certify.getByLabel("Reason").fill("Until the authority has answered");
await certify.getByRole("button", { name: "Issue the certificate" }).click();
await admin.getByRole("article").getByRole("heading", { name: "CN=falcon-next" }).waitFor();
await admin.goto(`${url}/teams`);
await admin.getByRole("link", { name: "Falcon", exact: true }).click();
await admin.getByRole("button", { name: "Edit" }).click();
const editTeam = admin.getByRole("dialog", { name: "Edit: Falcon" });
await editTeam.getByRole("combobox", { name: "Keypairs" }).fill("on-nex");
await admin.getByRole("option", { name: "falcon-next" }).click();
await admin.keyboard.press("Tab");
await editTeam.getByRole("button", { name: "Save" }).click();
await admin.getByRole("link", { name: "falcon-next" }).waitFor();
await admin.getByRole("list", { name: "Members" }).getByRole("link", { name: "Dana Diaz" }).waitFor();
await admin.goto(`${url}/people`);
await create("New person", "Add person");
const newPerson = admin.getByRole("dialog", { name: "New person" });
await newPerson.getByLabel("E-mail").fill("fred@example.com");
await newPerson.getByLabel("Name", { exact: false }).fill("Fred Fox");
await newPerson.getByLabel("DEVELOPER").check();
await newPerson.getByRole("button", { name: "Add person" }).click();
await admin.getByRole("heading", { level: 1, name: "Fred Fox" }).waitFor();
await admin.getByRole("button", { name: "Change roles" }).click();
const editRoles = admin.getByRole("dialog", { name: "Change roles: Fred Fox" });
await editRoles.getByLabel("AUDITOR").check();
await editRoles.getByRole("button", { name: "Change roles" }).click();
await shows(admin, "AUDITOR, DEVELOPER");

// She defines a role, and lets a pipeline sign: with an issuer, a service user, and a rule that the server warns of.
await admin.goto(`${url}/roles`);
await create("New role", "Create role");
const newRole = admin.getByRole("dialog", { name: "New role" });
await newRole.getByLabel("Name", { exact: false }).fill("Watcher");
await newRole.getByLabel("View releases").check();
await newRole.getByRole("button", { name: "Create role" }).click();
const watcher = admin.getByRole("listitem").filter({ hasText: "Watcher" });
await watcher.getByRole("button", { name: "Edit" }).click();
await admin.getByRole("dialog").getByLabel("View the ledger").check();
await admin.getByRole("dialog").getByRole("button", { name: "Save" }).click();
await watcher.getByText("View the ledger", { exact: false }).waitFor();
await admin.goto(`${url}/people`);
await admin.getByRole("button", { name: "New person" }).click();
await newPerson.getByLabel("E-mail").fill("builds@example.com");
await newPerson.getByLabel("Name", { exact: false }).fill("Builds");
await newPerson.getByLabel("SIGNER").check();
await newPerson.getByLabel("A service user", { exact: false }).check();
await newPerson.getByRole("button", { name: "Add person" }).click();
await admin.getByRole("heading", { level: 1, name: "Builds" }).waitFor();
await admin.goto(`${url}/pipelines`);
await create("New issuer", "Trust issuer");
const newIssuer = admin.getByRole("dialog", { name: "New issuer" });
await newIssuer.getByLabel("Name", { exact: false }).fill("Jobs");
await newIssuer.getByLabel("System").selectOption("GITLAB_CI");
await newIssuer.getByLabel("Address of the issuer").fill("https://gitlab.example.com");
await newIssuer.getByRole("button", { name: "Trust issuer" }).click();
await admin.getByRole("list", { name: "Trusted issuers" }).getByText("https://gitlab.example.com").waitFor();
await create("New rule", "Create rule");
const newRule = admin.getByRole("dialog", { name: "New rule" });
await newRule.getByLabel("Name", { exact: false }).first().fill("Nightly");
await newRule.getByLabel("Values").fill("4711");
await newRule.getByRole("combobox", { name: "Keypairs" }).fill("nightly");
await admin.getByRole("option", { name: "falcon-nightly" }).click();
await admin.keyboard.press("Tab");
await newRule.getByRole("button", { name: "Create rule" }).click();
const rule = admin.getByRole("list", { name: "Rules" }).getByRole("listitem");
await rule.getByText("project_id = 4711").waitFor();
await rule.getByRole("alert").first().waitFor();
await rule.getByRole("button", { name: "Edit" }).click();
const editRule = admin.getByRole("dialog", { name: "Edit: Nightly" });
await editRule.getByRole("button", { name: "Add a condition" }).click();
await editRule.getByLabel("Claim").last().fill("ref");
await editRule.getByLabel("Values").last().fill("refs/tags/v*");
await editRule.getByRole("button", { name: "Save" }).click();
await rule.getByText("ref = refs/tags/v*").waitFor();

// She looks for Eve, deactivates her and takes it back.
await admin.goto(`${url}/people`);
await admin.getByLabel("Search by name or e-mail address").fill("eve");
await admin.waitForURL("**/people?search=eve");
await admin.getByRole("link", { name: "Dana Diaz" }).waitFor({ state: "detached" });
await admin.getByRole("link", { name: "Eve Evans" }).click();
await act(admin, "Deactivate");
await shows(admin, "Deactivated");
await act(admin, "Activate");
await admin.getByRole("button", { name: "Deactivate", exact: true }).waitFor();
const person = admin.url();
await dana.goto(`${url}/teams`);
await dana.getByRole("link", { name: "Falcon", exact: true }).click();
await dana.getByRole("list", { name: "Members" }).getByRole("link", { name: "Dana Diaz" }).waitFor();
const team = dana.url();

// She chooses what she is sent; what an approver has to be sent is refused, and says why.
await dana.goto(`${url}/settings`);
const choice = (kind) => dana.getByRole("checkbox", { name: `${kind}, by E-mail` });
await choice("Release window closes soon").uncheck();
await choice("Approval requested").click();
await shows(dana, "Requests for your approval cannot be silenced.");
await dana.reload();
await choice("Approval requested").waitFor();
assert.equal(await choice("Approval requested").isChecked(), true);
assert.equal(await choice("Release window closes soon").isChecked(), false);

// A page that she is not led to says what she needs for it, and nothing that is not so.
await dana.goto(`${url}/ledger`);
await shows(dana, "You need the permission “View the ledger”. Ask an administrator for it.");

// Every page, in both themes, on a wide screen and on a phone.
const { id: keypair } = await keypairOf("falcon-release");
const lists = ["/", "/releases", "/request", "/timeline", "/keypairs", "/teams", "/tokens", "/account", "/settings", "/ledger"].map((path) => url + path);
const ofDana = [...lists, release, edited, running, `${url}/can-i-sign?keypair=${keypair}`, `${url}/keypairs/${keypair}`, team];
const walks = [
  [dana, ofDana],
  [admin, [`${url}/ledger`, `${url}/people`, `${url}/roles`, `${url}/tokens`, `${url}/pipelines`, `${url}/webhooks`, `${url}/account`, person, webhook]],
];
const found = [];

async function walk(person, pages, what) {
  for (const page of pages) {
    await person.goto(page);
    await person.getByRole("heading", { level: 1 }).waitFor();
    await person.waitForLoadState("networkidle");
    found.push(...(await faultsOf(person, `${new URL(page).pathname} ${what}`)));
  }
}

for (const [person, pages] of walks) {
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [
      { width: 1280, height: 900 },
      { width: 375, height: 800 },
    ]) {
      await person.emulateMedia({ colorScheme });
      await person.setViewportSize(viewport);
      await walk(person, pages, `${colorScheme} ${viewport.width}`);
    }
  }
}

// In German, by the person's own setting, which mails follow, too.
await dana.setViewportSize({ width: 1280, height: 900 });
await dana.goto(`${url}/`);
await dana.getByRole("button", { name: "Your account" }).click();
await dana.getByRole("menuitem", { name: "Deutsch" }).click();
await dana.getByRole("heading", { level: 1, name: "Start" }).waitFor();

// A session that is ended elsewhere ends here at once.
const elsewhere = await signIn(ANN, 1);
await elsewhere.goto(`${url}/settings`);
await elsewhere.getByRole("button", { name: "End: Chrome on Linux" }).click();
await elsewhere.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
await ann.getByRole("dialog", { name: "Your session has ended" }).waitFor();

await browser.close();
const blocked = complaints.filter((text) => text.includes("Content Security Policy"));
console.log(JSON.stringify({ found, blocked, liveMilliseconds }));
