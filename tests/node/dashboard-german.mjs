// The main job by people whose language is German: no English on any page or in any mail. Arguments: those of `openDemo`.
import assert from "node:assert/strict";
import { ADMIN, ANN, BOB, DANA, openDemo, shows } from "./demo-people.mjs";
import { englishTexts, hasGermanDate, notGerman, textsOfPage } from "./german.mjs";

const { url, browser, ask, mailsTo, link, newPage, keypairOf, sign } = await openDemo(process.argv.slice(2));
const catalogue = await englishTexts();
assert.ok(catalogue.size > 300, `only ${catalogue.size} English texts were found`);
const faults = [];
// Names, and the sentences of refusals, which the API has in English alone.
const allowed = [];

function allowSentences(value) {
  if (Array.isArray(value)) return value.forEach(allowSentences);
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (["message", "detail"].includes(name) && typeof inner === "string" && inner) allowed.push(inner);
    else allowSentences(inner);
  }
}

async function follow(page) {
  page.on("response", async (answer) => {
    if (!answer.url().endsWith("/graphql")) return;
    allowSentences(await answer.json().catch(() => null));
  });
  return page;
}

async function check(page, where = new URL(page.url()).pathname, dates = false) {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForLoadState("networkidle");
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
  const texts = await textsOfPage(page);
  allowed.sort((one, other) => other.length - one.length);
  faults.push(...notGerman(texts, catalogue, allowed).map((text) => `${where}: ${text}`));
  if (dates && !hasGermanDate(texts)) faults.push(`${where}: no date as in German`);
  const language = await page.evaluate(() => document.documentElement.lang);
  if (!language.startsWith("de")) faults.push(`${where}: its language is said to be ${language}`);
}

async function signIn(who, locale) {
  const page = await follow(await newPage({ locale }));
  const german = locale === "de-DE";
  await page.goto(url);
  await page.waitForURL("**/sign-in?next=*");
  if (german) await check(page);
  await page.fill("[name=address]", who);
  await page.click("form button");
  await page.waitForURL("**/sign-in/code*");
  if (german) await check(page);
  await page.goto(await link(who, "sign-in"));
  if (german) await check(page, "/sign-in/<link>");
  await page.click("form button");
  await page.locator("main h1").waitFor();
  return page;
}

async function act(page, action, words) {
  await page.getByRole("main").getByRole("button", { name: action, exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").waitFor();
  await check(page, `dialog ${action}`);
  await dialog.getByRole("textbox").fill(words);
  await dialog.getByRole("button", { name: action, exact: true }).click();
  await dialog.waitFor({ state: "hidden" });
}

// The language is the person's: Dana chooses it in her settings, in an English browser; the others have it already.
const setLocale =
  "mutation ($input: UpdateUserInput!) { updateUser(input: $input) { user { locale } errors { message } } }";
for (const who of [ADMIN, ANN, BOB]) {
  const { viewer } = await ask(who, "{ viewer { user { id } } }");
  const { updateUser } = await ask(ADMIN, setLocale, {
    input: { id: viewer.user.id, locale: "de" },
  });
  assert.deepEqual(updateUser.errors, []);
}
const dana = await signIn(DANA, "en-US");
await dana.goto(`${url}/settings`);
await dana.getByLabel("Language").first().selectOption({ label: "Deutsch" });
await dana.getByRole("button", { name: "Save" }).first().click();
await dana.getByRole("heading", { level: 1, name: "Ihre Einstellungen" }).waitFor();
const ann = await signIn(ANN, "de-DE");

// An empty request is refused; then it is made.
await dana.goto(`${url}/request`);
await dana.getByRole("button", { name: "Anfragen", exact: true }).click();
await dana.locator("[aria-invalid=true]").first().waitFor();
await check(dana, "/request, refused", true);
await dana.getByRole("textbox", { name: "Name" }).fill("Falke 9");
await dana.getByRole("combobox", { name: "Team" }).selectOption({ label: "Falcon" });
await dana.getByLabel("falcon-release").check();
await dana.getByLabel("Höchstens Signaturen").fill("3");
await dana.getByRole("button", { name: "Eine Stunde", exact: false }).click();
await shows(dana, "2 müssen genehmigen");
await check(dana, "/request, filled in", true);
await dana.getByRole("button", { name: "Anfragen", exact: true }).click();
await dana.getByRole("heading", { level: 1, name: "Falke 9" }).waitFor();
const release = dana.url();
await check(dana, "release, pending", true);
// Why she cannot approve her own request: a German heading above the server's sentence.
await dana.getByText("Warum kann ich es nicht genehmigen", { exact: false }).click();
await shows(dana, "Nicht zur Genehmigung berechtigt");
await check(dana, "release, what cannot be done");

// Ann decides at home, Bob on the page of his mail.
await ann.getByRole("article").filter({ hasText: "Falke 9" }).first().waitFor();
await check(ann, "home, one waits", true);
await act(ann, "Genehmigen", "Sieht gut aus");
const bob = await newPage({ javaScriptEnabled: false, locale: "en-US" });
await bob.goto(await link(BOB, "decide"));
const decisionPage = await newPage({ locale: "en-US" });
await decisionPage.goto(bob.url());
await check(decisionPage, "decision page", true);
await bob.click("button[value=APPROVE]");
await decisionPage.reload();
await check(decisionPage, "decision page, decided", true);
await dana.locator("[aria-current=step]").filter({ hasText: "Läuft" }).waitFor();
await sign("falcon-release", "falke.tar.gz");
await shows(dana, "falke.tar.gz");
await check(dana, "release, in progress", true);

// Every page while it runs, and what is over them.
const { id: keypair } = await keypairOf("falcon-release");
const pages = [
  "/",
  "/releases",
  "/timeline",
  "/keypairs",
  `/keypairs/${keypair}`,
  "/teams",
  "/people",
  "/tokens",
  "/account",
  "/settings",
  `/can-i-sign?keypair=${keypair}`,
  "/nirgends",
];
for (const path of pages) {
  await dana.goto(url + path);
  await check(dana, path, ["/", "/releases"].includes(path));
}
await dana.getByRole("button", { name: "Ihr Konto" }).click();
await dana.getByRole("menuitem").first().waitFor();
await check(dana, "menu of the account");
await dana.keyboard.press("Escape");
await dana.keyboard.press("ControlOrMeta+k");
await dana.getByRole("dialog").getByRole("textbox").waitFor();
await check(dana, "commands");
await dana.keyboard.press("Escape");

// It is stopped; a second one is rejected.
await ann.goto(release);
await act(ann, "Stoppen", "Der Rechner ist kaputt");
await ann.locator("[aria-current=step]").filter({ hasText: "Fehlgeschlagen" }).waitFor();
await check(ann, "release, stopped", true);
await dana.goto(release);
await dana.getByRole("link", { name: "Als neue Anfrage kopieren" }).click();
await dana.getByRole("textbox", { name: "Name" }).fill("Falke 10");
await dana.getByRole("button", { name: "Anfragen", exact: true }).click();
await dana.getByRole("heading", { level: 1, name: "Falke 10" }).waitFor();
await ann.goto(dana.url());
await act(ann, "Ablehnen", "Nicht am Freitag");
await ann.locator("[aria-current=step]").filter({ hasText: "Abgelehnt" }).waitFor();
await check(ann, "release, rejected", true);

const admin = await signIn(ADMIN, "de-AT");
for (const path of ["/ledger", "/roles", "/pipelines", "/webhooks", "/account", "/people", "/tokens"]) {
  await admin.goto(url + path);
  await check(admin, path, path === "/ledger");
}
await admin.goto(`${url}/ledger`);
await admin.getByText("Einzelheiten").first().click();
await check(admin, "ledger, details");

// The mails that all of this caused. Those to sign in follow the person, too.
let mailCount = 0;
for (const who of [ANN, BOB, DANA]) {
  for (const mail of await mailsTo(who)) {
    const before = faults.length;
    const texts = [
      mail.subject,
      ...mail.text
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean),
    ];
    const isEarly = who === DANA && /sign in/i.test(mail.subject);
    if (isEarly) continue; // she had not chosen her language yet
    mailCount++;
    faults.push(
      ...notGerman(
        texts.filter((text) => !/^https?:/.test(text)),
        catalogue,
        allowed,
      ).map((text) => `mail ${mail.subject}: ${text}`),
    );
    if (faults.length === before && !hasGermanDate(texts) && /Falke/.test(mail.subject))
      faults.push(`mail ${mail.subject}: no date as in German`);
  }
}
assert.ok(mailCount >= 6, `only ${mailCount} mails were looked at`);

await browser.close();
console.log(JSON.stringify({ faults: [...new Set(faults)], mails: mailCount }, null, 1));
