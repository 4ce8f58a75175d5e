// What an administrator does in the dashboard: keypairs from three sources, a team of more than 100, people, issuers.
// Arguments: as `openDemo` has them, then JSON: {container, passphrase, pem, label} - the paths of two files with private
// keys and the passphrase of the first, and the label of a key that the HSM has.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { ADMIN, openDemo, shows } from "./demo-people.mjs";
import { faultsOf } from "./faults.mjs";

const { url, browser, complaints, ask, link, newPage } = await openDemo(process.argv.slice(2, 6));
const { container, passphrase, pem, label } = JSON.parse(process.argv[6]);
const CROWD = 110;
const found = [];

const page = await newPage();
await page.goto(`${url}/keypairs`);
await page.waitForURL("**/sign-in?next=*");
await page.fill("[name=address]", ADMIN);
await page.click("form button");
await page.waitForURL("**/sign-in/code*");
await page.goto(await link(ADMIN, "sign-in"));
await page.click("form button");

const dialog = page.getByRole("dialog");
const button = (name) => page.getByRole("button", { name, exact: true });
const heading = (name) => page.getByRole("heading", { level: 1, name });

/** Opens a dialog, whose faults are counted in both themes, on a wide screen and on a phone. */
async function open(name, title = name) {
  await button(name).first().click();
  await page.getByRole("dialog", { name: title }).waitFor();
  await look(title);
}

async function look(what) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [375, 1280]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      found.push(...(await faultsOf(page, `${what} ${colorScheme} ${width}`)));
    }
  }
}

async function submit(name) {
  await dialog.getByRole("button", { name, exact: true }).click();
}

/** Sends a form that is refused at the field of this name. */
async function isRefused(name, field) {
  await submit(name);
  await dialog.locator("[aria-invalid=true], [data-error=true]").first().waitFor();
  await look(`refused: ${name}`);
  assert.equal(await dialog.getByLabel(field).first().getAttribute("aria-invalid"), "true", field);
}

const comesFrom = (source) => dialog.getByLabel("Where the key comes from").selectOption(source);

const facts = async (alias) => {
  const query = "query ($alias: String) { keypair(alias: $alias) { id alias access backend algorithm enabled category users { name } } }";
  return (await ask(ADMIN, query, { alias })).keypair;
};

// A new key: what the signer has not is not offered; with OpenPGP it has a user id and an end, and two people alone may use it.
await heading("Keypairs").waitFor();
await open("New keypair");
await dialog.getByLabel("Kept in").selectOption("local");
const offered = () => dialog.getByLabel("Algorithm").locator("option").allTextContents();
assert.ok((await offered()).includes("ML_DSA_65"));
await dialog.getByLabel("Kept in").selectOption("pkcs11");
assert.equal((await offered()).includes("ML_DSA_65"), false, "the HSM has no such keys");
await dialog.getByLabel("Kept in").selectOption("local");
await dialog.getByLabel("Category").selectOption("GPG");
assert.equal((await offered()).some((name) => /PSS|ML_DSA/.test(name)), false, "OpenPGP has no such keys");
await dialog.getByLabel("Algorithm").selectOption("ED25519");
await isRefused("Create keypair", "Name");
await dialog.getByLabel("Name").first().fill("packages");
assert.equal(await dialog.locator("[aria-invalid=true]").count(), 0, "what was refused is said until the field is changed");
await dialog.getByLabel("OpenPGP user id").fill("Example <releases@example.com>");
await dialog.getByLabel("OpenPGP certificate expires").fill("2001-01-01T00:00");
await isRefused("Create keypair", "OpenPGP certificate expires");
await dialog.getByLabel("OpenPGP certificate expires").fill("2046-01-01T00:00");
await dialog.getByLabel("Who may sign").selectOption({ label: "The assigned people alone" });
await choose("Assigned people", "dana@exam", "Dana Diaz (dana@example.com)");
await submit("Create keypair");
await heading("packages").waitFor();
await shows(page, "Dana Diaz");
assert.deepEqual(await facts("packages").then(({ users, access }) => [users, access]), [[{ name: "Dana Diaz" }], "RESTRICTED"]);

/** Chooses one who is found by a part of the address, which no name has. */
async function choose(field, text, option) {
  await dialog.getByRole("combobox", { name: field }).fill(text);
  await page.getByRole("option", { name: option }).click();
  await page.keyboard.press("Tab");
}

// It is edited: another name, and one more person is assigned.
await open("Edit", "Edit: packages");
await dialog.getByLabel("Name").first().fill("falcon-release");
await isRefused("Save", "Name");
await dialog.getByLabel("Name").first().fill("packages-2");
await submit("Save");
await heading("packages-2").waitFor();
await open("Assign people", "Assign people: packages-2");
await choose("People", "eve@exam", "Eve Evans (eve@example.com)");
await submit("Assign people");
const assigned = page.getByRole("list", { name: "Assigned people" }).getByRole("listitem");
await assigned.getByRole("link", { name: "Eve Evans" }).waitFor();
assert.deepEqual((await facts("packages-2")).users, [{ name: "Dana Diaz" }, { name: "Eve Evans" }]);

// Its OpenPGP certificate gets another end; then it gets a successor with a key of its own, and is retired for good.
const reason = dialog.getByLabel("Reason");
const renewCertificate = await page.getByRole("region", { name: "Certificates" }).getByRole("button").first().textContent();
await open(renewCertificate, `${renewCertificate}: packages-2`);
await dialog.getByLabel("OpenPGP certificate expires").fill("2047-01-01T00:00");
await isRefused(renewCertificate, "Reason");
await reason.fill("It goes on for a year");
await submit(renewCertificate);
await dialog.waitFor({ state: "hidden" });
await shows(page, "1 Jan 2047");
await open("Renew", "Renew: packages-2");
await isRefused("Renew", "Reason");
await dialog.getByLabel("Name of the successor").fill("packages-3");
await reason.fill("Keys last for a year");
await submit("Renew");
await heading("packages-3").waitFor();
await page.getByRole("link", { name: "packages-2" }).click();
await heading("packages-2").waitFor();
await page.getByRole("link", { name: "packages-3" }).waitFor();
await open("Retire", "Retire: packages-2");
await isRefused("Retire", "Reason");
await reason.fill("packages-3 is in use everywhere");
await submit("Retire");
await dialog.waitFor({ state: "hidden" });
await shows(page, "Retired");
assert.equal((await facts("packages-2")).enabled, false);
await shows(page, "packages-3 is in use everywhere");
await look("retired");

// A key in a file: with a wrong passphrase it is refused, and the passphrase is typed again.
await page.goto(`${url}/keypairs`);
await open("New keypair");
await comesFrom("IMPORT");
assert.deepEqual(await dialog.getByLabel("Kept in").locator("option").allTextContents(), ["local"]);
await dialog.getByLabel("Name").first().fill("old-key");
await dialog.getByLabel("Algorithm").selectOption("ED25519");
await dialog.locator("input[type=file]").setInputFiles(container);
const secret = dialog.getByLabel("Passphrase of the file", { exact: true });
await secret.fill("wrong");
await submit("Import key");
await dialog.getByText("passphrase", { exact: false }).last().waitFor();
await page.waitForFunction(() => document.querySelector("[role=dialog] input[type=password]")?.value === "");
assert.equal(await facts("old-key"), null);
await look("refused import");
await secret.fill(passphrase);
await submit("Import key");
await heading("old-key").waitFor();
assert.equal((await facts("old-key")).algorithm, "ED25519");

// The same as text, which is no key at first.
await page.goto(`${url}/keypairs`);
await open("New keypair");
await comesFrom("IMPORT");
await dialog.getByLabel("Name").first().fill("pasted-key");
await dialog.getByLabel("Algorithm").selectOption("ECDSA_P256");
await dialog.getByLabel("Or the private key as text").fill("no key");
await isRefused("Import key", "Or the private key as text");
await dialog.getByLabel("Or the private key as text").fill(await readFile(pem, "utf8"));
await submit("Import key");
await heading("pasted-key").waitFor();

// A key that the HSM has: it is named by its label.
await page.goto(`${url}/keypairs`);
await open("New keypair");
await comesFrom("ADOPT");
assert.deepEqual(await dialog.getByLabel("Kept in").locator("option").allTextContents(), ["pkcs11"]);
await dialog.getByLabel("Name").first().fill("from-hsm");
await dialog.getByLabel("Key in the signer").fill("nowhere");
await isRefused("Adopt key", "Key in the signer");
await dialog.getByLabel("Key in the signer").fill(label);
await submit("Adopt key");
await heading("from-hsm").waitFor();
assert.equal((await facts("from-hsm")).backend, "pkcs11");

// A team with far more members than a form holds.
const crowd = Array.from({ length: CROWD }, (_, index) => `mutation { createUser(input: { email: "p${index}@crowd.example", name: "Person ${index}", roles: [] }) { user { id } errors { message } } }`);
const ids = [];
for (const mutation of crowd) ids.push((await ask(ADMIN, mutation)).createUser.user.id);
const team = (await ask(ADMIN, '{ team(name: "Falcon") { id } }')).team.id;
const members = async () => (await ask(ADMIN, `{ team(id: "${team}") { name membersConnection(first: 0) { totalCount } } }`)).team;
const input = { id: team, userIds: ids.slice(1) };
const add = "mutation ($input: AddTeamMembersInput!) { addTeamMembers(input: $input) { errors { message } } }";
assert.deepEqual((await ask(ADMIN, add, { input })).addTeamMembers.errors, []);
const before = (await members()).membersConnection.totalCount;
assert.ok(before > 100);
await page.goto(`${url}/teams`);
await page.getByRole("link", { name: "Falcon", exact: true }).click();
await open("Add members", "Add members: Falcon");
await choose("People", "p0@crowd", "Person 0 (p0@crowd.example)");
await submit("Add members");
await dialog.waitFor({ state: "hidden" });
assert.equal((await members()).membersConnection.totalCount, before + 1);
await page.getByLabel("Search by name or e-mail address").fill("p77@crowd");
const row = page.getByRole("list", { name: "Members" }).getByRole("listitem");
await row.getByRole("link", { name: "Person 77" }).waitFor();
await page.waitForFunction(() => document.querySelectorAll("ul[aria-label=Members] > li").length === 1);
await look("members");
await row.getByRole("button", { name: "Remove" }).click();
await page.getByRole("dialog", { name: "Remove: Person 77" }).waitFor();
await look("remove");
await submit("Remove");
await shows(page, "No member fits this search.");
await open("Edit", "Edit: Falcon");
await dialog.getByLabel("Name").fill("Falcons");
await submit("Save");
await heading("Falcons").waitFor();
assert.deepEqual(await members(), { name: "Falcons", membersConnection: { totalCount: before } });

// A keypair with far more people than a form holds: the successor has those of its predecessor.
const { id: successor, users: inherited } = await facts("packages-3");
assert.equal(inherited.length, 2);
const assign = "mutation ($input: UpdateKeypairInput!) { updateKeypair(input: $input) { errors { message } } }";
const more = { id: successor, addUserIds: ids };
assert.deepEqual((await ask(ADMIN, assign, { input: more })).updateKeypair.errors, []);
const assignedCount = async () => (await ask(ADMIN, `{ keypair(id: "${successor}") { usersConnection(first: 0) { totalCount } } }`)).keypair.usersConnection.totalCount;
assert.equal(await assignedCount(), CROWD + 2);
await page.goto(`${url}/keypairs`);
await page.getByRole("link", { name: "packages-3", exact: true }).click();
await page.getByLabel("Search by name or e-mail address").fill("p55@crowd");
await assigned.getByRole("link", { name: "Person 55" }).waitFor();
await page.waitForFunction(() => document.querySelectorAll("ul[aria-label='Assigned people'] > li").length === 1);
await look("assigned people");
await assigned.getByRole("button", { name: "Unassign" }).click();
await page.getByRole("dialog", { name: "Unassign: Person 55" }).waitFor();
await submit("Unassign");
await shows(page, "Nobody who is assigned fits this search.");
assert.equal(await assignedCount(), CROWD + 1);

// A person gets another name, zone and language and, once it is confirmed, another address.
await page.goto(`${url}/people?search=eve`);
await page.getByRole("link", { name: "Eve Evans" }).click();
await heading("Eve Evans").waitFor();
const edit = await page.getByRole("button", { name: /^(Edit|Change)/ }).allTextContents();
await open(edit[0], `${edit[0]}: Eve Evans`);
await dialog.getByLabel("Name").fill("Eve Everest");
await dialog.getByLabel("E-mail").fill("nobody");
await isRefused("Save", "E-mail");
await dialog.getByLabel("E-mail").fill("everest@example.com");
await dialog.getByLabel("Time zone").selectOption("Asia/Tokyo");
await dialog.getByLabel("Language").selectOption({ label: "Deutsch (Österreich)" });
await submit("Save");
await heading("Eve Everest").waitFor();
await shows(page, "everest@example.com");
await shows(page, "Waits to be confirmed");
await shows(page, "Asia/Tokyo");
await shows(page, "Austrian German");

// An issuer gets another name and audience; its address stays.
await page.goto(`${url}/pipelines`);
await open("New issuer");
await dialog.getByLabel("Name").fill("Jobs");
await submit("Trust issuer");
const issuer = page.getByRole("list", { name: "Trusted issuers" }).getByRole("listitem");
await issuer.getByText("Jobs").waitFor();
await open("Edit", "Edit: Jobs");
await dialog.getByLabel("Name").fill("");
await isRefused("Save", "Name");
await dialog.getByLabel("Name").fill("Builds");
await dialog.getByLabel("Audience").fill("countersign");
await submit("Save");
await issuer.getByText("Builds").waitFor();
await issuer.getByText("Audience: countersign").waitFor();

// The forms are in German, too.
await button("Your account").click();
await page.getByRole("menuitem", { name: "Deutsch" }).click();
await page.goto(`${url}/keypairs`);
await open("Neues Schlüsselpaar");
await dialog.getByLabel("Woher der Schlüssel kommt").selectOption("IMPORT");
await shows(page, "Passphrase der Datei");
await look("Schlüssel importieren");

await browser.close();
const blocked = complaints.filter((text) => text.includes("Content Security Policy"));
console.log(JSON.stringify({ found, blocked }));
