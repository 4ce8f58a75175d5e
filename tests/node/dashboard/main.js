// A page as somebody writes it who has read docs/dashboards.md. With a token behind `#token=` it is for another origin.
import { createClient as overEvents } from "graphql-sse";
import { createClient as overSocket } from "graphql-ws";

const url = new URL(import.meta.env.VITE_API ?? "/graphql", location.href).href;
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const EVENTS = "subscription { accountEvents { tag subject { __typename ... on Account { signingFrozen } } } }";
const FREEZE = `mutation ($input: UpdateAccountInput!) {
  updateAccount(input: $input) { account { signingFrozen } errors { message } } }`;

const part = (id) => document.getElementById(id);

async function ask(query, variables) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(errors[0].extensions.code);
  return data;
}

function follow(id, client) {
  const show = ({ data }) => (part(id).textContent = `${id} ${JSON.stringify(data.accountEvents)}`);
  client.subscribe({ query: EVENTS }, { next: show, error: console.error, complete() {} });
}

async function start() {
  const { viewer } = await ask("{ viewer { user { email } account { signingFrozen } } }");
  part("who").textContent = `You are ${viewer.user.email}`;
  let frozen = viewer.account.signingFrozen;
  part("freeze").hidden = false;
  part("freeze").onclick = async () => {
    const { updateAccount } = await ask(FREEZE, { input: { signingFrozen: !frozen } });
    frozen = updateAccount.account.signingFrozen;
    part("frozen").textContent = `frozen: ${frozen}`;
  };
  follow("socket", overSocket({ url: url.replace(/^http/, "ws"), connectionParams: headers }));
  follow("events", overEvents({ url, headers }));
}

start().catch((error) => {
  part("who").textContent = `Not yet: ${error.message}`;
  part("sign-in").href = "/sign-in?next=" + encodeURIComponent(location.pathname);
  part("sign-in").hidden = error.message !== "UNAUTHENTICATED";
});
