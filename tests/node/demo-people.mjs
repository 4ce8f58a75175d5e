// The people of a running demo: what they ask of the API, the links in their mails, and browsers of their own.
import assert from "node:assert/strict";
import { launch } from "./browser.mjs";

export const [ADMIN, ANN, BOB, DANA] = ["admin", "ann", "bob", "dana"].map((name) => `${name}@example.com`);
const TIMEOUT_MILLISECONDS = 20_000;

/** Arguments of a script: the browser's path, the URL of the service, that of its mail catcher, JSON of tokens by address. */
export async function openDemo([executablePath, url, mailbox, tokensJson]) {
  const tokens = JSON.parse(tokensJson);
  const browser = await launch(executablePath);
  const complaints = [];

  async function ask(who, query, variables) {
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Bearer ${tokens[who]}`,
      },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await answer.json();
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  }

  const mailsTo = async (who) => (await fetch(`${mailbox}/api/messages?to=${who}`)).json();

  /** The newest link of a kind in somebody's mails, once there are more of them than before. */
  async function link(who, kind, before = 0) {
    const pattern = new RegExp(`http://[^"\\\\ <>)]+/${kind}/[\\w.-]+`, "g");
    for (let attempt = 0; attempt < 200; attempt++) {
      const mails = await mailsTo(who);
      const links = [...new Set(mails.flatMap((mail) => JSON.stringify(mail).match(pattern) ?? []))];
      if (links.length > before) return links[0];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${who} got no link to ${kind}`);
  }

  async function newPage(options) {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      locale: "en-GB",
      ...options,
    });
    context.setDefaultTimeout(TIMEOUT_MILLISECONDS);
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    return page;
  }

  async function keypairOf(alias) {
    return (await ask(DANA, "query ($alias: String) { keypair(alias: $alias) { id } }", { alias })).keypair;
  }

  async function sign(alias, name) {
    const keypair = await keypairOf(alias);
    const digest = Buffer.alloc(32, name).toString("base64");
    const input = { keypairId: keypair.id, digest, artifact: { name } };
    const query =
      "mutation ($input: SignInput!) { sign(input: $input) { signature { id } errors { message } } }";
    const { sign: payload } = await ask(DANA, query, { input });
    assert.deepEqual(payload.errors, []);
  }

  return {
    url,
    browser,
    complaints,
    ask,
    mailsTo,
    link,
    newPage,
    keypairOf,
    sign,
  };
}

/** Waits until a page shows a text. */
export const shows = (page, text) => page.getByText(text, { exact: false }).first().waitFor();
