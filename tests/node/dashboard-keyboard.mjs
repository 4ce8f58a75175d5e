// The main job with the keyboard alone: no mouse, no focus set by a script. Arguments: those of `openDemo`.
import assert from "node:assert/strict";
import { ANN, BOB, DANA, openDemo, shows } from "./demo-people.mjs";
import { Keyboard } from "./keyboard.mjs";

const { url, browser, complaints, link, newPage, sign } = await openDemo(process.argv.slice(2));
const faults = [];

async function signIn(who) {
  const page = await newPage({ reducedMotion: "reduce" });
  const keyboard = new Keyboard(page, faults);
  await page.goto(url);
  await page.waitForURL("**/sign-in?next=*");
  await keyboard.fill(page.locator("[name=address]"), who);
  await keyboard.press("Enter");
  await page.waitForURL("**/sign-in/code*");
  await page.goto(await link(who, "sign-in"));
  await keyboard.use(page.locator("form button"));
  await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
  return [page, keyboard];
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Opens the dialog of an action, goes once around in it, leaves it, opens it again and sends it. */
async function act([page, keyboard], action, words) {
  const opener = button(page.getByRole("main"), action).first();
  const dialog = page.getByRole("dialog");
  const text = dialog.getByRole("textbox");
  await keyboard.use(opener, "Space");
  await keyboard.expectFocus(text, `the dialog ${action} starts at its text`);
  await keyboard.reach(button(dialog, action));
  await keyboard.step();
  await keyboard.expectFocus(text, `the dialog ${action} keeps the focus`);
  await keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await keyboard.expectFocus(opener, `the focus returns when ${action} is left`);
  await keyboard.press("Enter");
  await keyboard.expectFocus(text, `the dialog ${action} starts at its text`);
  await keyboard.type(words);
  await keyboard.use(button(dialog, action));
  await dialog.waitFor({ state: "hidden" });
}

const danas = await signIn(DANA);
const [dana, danasKeys] = danas;
const anns = await signIn(ANN);
const [ann, annsKeys] = anns;

/** Goes where the commands lead for a text, as soon as they show what is expected. */
async function openByName([page, keyboard], text, expected, shortcut) {
  await keyboard.press(shortcut);
  await keyboard.expectFocus(
    page.getByRole("dialog").getByRole("textbox"),
    "one types into the commands at once",
  );
  await keyboard.type(text);
  await page.getByRole("dialog").getByText(expected).waitFor();
  await keyboard.press("Enter");
}

/** Requests a release; the commands find the form. */
async function request(name, keypair, isOnline) {
  await openByName(danas, "request", "Request a release", "ControlOrMeta+k");
  await dana.getByRole("heading", { level: 1, name: "Request a release" }).waitFor();
  await danasKeys.fill(dana.getByRole("textbox", { name: "Name" }), name);
  if (isOnline) {
    await danasKeys.reach(dana.getByRole("group", { name: "Type" }).getByRole("radio"));
    await danasKeys.press("ArrowRight");
    assert.equal(await dana.getByRole("radio", { name: "Online" }).isChecked(), true);
  }
  await danasKeys.reach(dana.getByRole("combobox", { name: "Team" }));
  await danasKeys.type("Falcon");
  await danasKeys.use(dana.getByRole("checkbox", { name: keypair }), "Space");
  await danasKeys.fill(dana.getByRole("textbox", { name: "Signatures at most" }), "3");
  await danasKeys.use(button(dana, "For an hour, from now"), "Space");
  await danasKeys.use(button(dana, "Request"));
  await dana.getByRole("heading", { level: 1, name }).waitFor();
}

const step = (name) => dana.locator("[aria-current=step]").filter({ hasText: name });

// An empty request is refused at its fields; the first of them gets the focus.
await danasKeys.press("g", "n");
await dana.getByRole("heading", { level: 1, name: "Request a release" }).waitFor();
await danasKeys.use(button(dana, "Request"));
await shows(dana, "Name the team that works on this release.");
await danasKeys.expectFocus(dana.getByRole("textbox", { name: "Name" }), "what is refused gets the focus");

await request("Falcon 9", "falcon-release", false);
await shows(dana, "2 approvals are missing.");

// Ann approves at home, Bob on the page of his mail.
await ann.getByRole("article").filter({ hasText: "Falcon 9" }).first().waitFor();
await act(anns, "Approve", "Looks good");
await shows(ann, "Nothing waits for your decision.");
await annsKeys.step();
const gone = "Tab goes on where the button was that is gone";
assert.equal(
  await annsKeys.isOn(ann.getByRole("banner").getByRole("button").or(ann.locator(".skip-link"))),
  false,
  gone,
);
const bob = await newPage({
  javaScriptEnabled: false,
  reducedMotion: "reduce",
});
await bob.goto(await link(BOB, "decide"));
const bobsKeys = new Keyboard(bob, faults);
await bobsKeys.fill(bob.locator("#comment"), "Go");
await bobsKeys.use(bob.locator("button[value=APPROVE]"));
await bob.getByRole("heading", { level: 1 }).waitFor();
await step("In progress").waitFor();

await sign("falcon-release", "falcon.tar.gz");
await shows(dana, "1 of 3 signatures");
const release = dana.url();
await openByName(anns, "Falcon 9", "In progress", "ControlOrMeta+k");
await ann.waitForURL(release);
await act(anns, "Stop", "The build machine is broken");
await step("Failed").waitFor();

// Every page of the job can be gone through with Tab: in order, seen all the way, and out again.
for (const path of [
  "/",
  "/releases",
  "/request",
  "/timeline",
  "/can-i-sign",
  "/settings",
  new URL(release).pathname,
]) {
  await dana.goto(url + path);
  await dana.waitForLoadState("networkidle");
  await danasKeys.walkPage();
}

// A release is found in the commands, and the focus returns when they are left.
await danasKeys.press("g", "h");
await dana.getByRole("heading", { level: 1, name: "Home" }).waitFor();
const search = button(dana.getByRole("banner"), "Go to or search Ctrl K");
await danasKeys.use(search);
await danasKeys.press("Escape");
await danasKeys.expectFocus(search, "the focus returns when the commands are left");
await openByName(danas, "Falcon 9", "Failed", "/");
await dana.waitForURL(release);

// The menu of the account: its arrows, Escape, and the focus back on its button.
const account = button(dana, "Your account");
await danasKeys.use(account);
await danasKeys.expectFocus(dana.getByRole("menu").locator("*"), "the menu has the focus once it is open");
await danasKeys.press("ArrowDown");
await danasKeys.expectFocus(dana.getByRole("menuitem").first(), "arrows go to the first item");
await danasKeys.press("ArrowDown");
await danasKeys.expectFocus(dana.getByRole("menuitem", { name: "Sign out" }), "arrows go through the menu");
await danasKeys.press("Escape");
await danasKeys.expectFocus(account, "the focus returns when the menu is left");

await browser.close();
console.log(
  JSON.stringify({
    faults,
    blocked: complaints.filter((text) => text.includes("Content Security Policy")),
  }),
);
