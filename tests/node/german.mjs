// What is not German of what somebody sees in German.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const SOURCES = fileURLToPath(new URL("../../dashboard/src", import.meta.url));
/** English words that no German sentence has. */
const ENGLISH_WORD =
  /\b(the|of|and|is|are|were|this|that|these|with|for|by|from|your|you|has|have|must|may|cannot|which|until|since|yet|there|who|how|when|why|ago|left)\b/i;
const ENGLISH_DATE =
  /\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun|Oct|Dec|January|February|March|May|June|July|October|December)\b|\b\d{1,2}:\d\d\s?[AP]M\b|\b\d{1,2}\/\d{1,2}\/\d{2,4}\b/i;
const GERMAN_DATE = /\b\d{1,2}\.( [A-ZÄ][a-zä]{2,8}\.?|\d{1,2}\.)/;
const MARK = "\u0001";

/** The fixed parts of what a message says: of a function, those between its arguments. */
function textsOf(message) {
  if (typeof message === "string") return [message];
  if (typeof message === "object" && message) return Object.values(message).flatMap(textsOf);
  if (typeof message !== "function") return [];
  const variants = [MARK, 1, 2, null].map((value) => Array(message.length).fill(value));
  return variants.flatMap((values) => {
    try {
      return String(message(...values)).split(MARK);
    } catch {
      return [];
    }
  });
}

const clean = (texts) => new Set(texts.map((text) => text.trim()).filter((text) => /[A-Za-z]{3}/.test(text)));

/** The English texts of the dashboard that are no German ones. */
export async function englishTexts() {
  const files = readdirSync(SOURCES, { recursive: true }).filter((file) => /\bmessages\.ts$/.test(file));
  const catalogues = await Promise.all(files.map((file) => import(join(SOURCES, file))));
  const [english, german] = ["en", "de"].map((language) =>
    clean(catalogues.flatMap(({ messages }) => textsOf(messages[language]))),
  );
  const germanTexts = [...german].join("\n").toLowerCase();
  return new Set([...english].filter((text) => !germanTexts.includes(text.toLowerCase())));
}

/** Returns the texts of a page that are not German: those of the dashboard, and any that have an English word. */
export function notGerman(texts, catalogue, allowed) {
  return texts
    .map((text) => allowed.reduce((rest, each) => rest.replaceAll(each, ""), text).trim())
    .filter((text) => catalogue.has(text) || ENGLISH_WORD.test(text) || ENGLISH_DATE.test(text));
}

export const hasGermanDate = (texts) => texts.some((text) => GERMAN_DATE.test(text));

/** What a page shows and says to a screen reader, line by line; without what is code. */
export async function textsOfPage(page) {
  return page.evaluate(() => {
    const isHidden = (element) =>
      element.closest("code, pre, option, script, noscript, style, body [lang=en]") !== null;
    const texts = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.parentElement && !isHidden(node.parentElement)) texts.push(node.textContent.trim());
    }
    for (const element of document.body.querySelectorAll("*")) {
      for (const name of ["aria-label", "aria-description", "placeholder", "title", "alt"]) {
        const text = element.getAttribute(name);
        if (text && !isHidden(element)) texts.push(text.trim());
      }
    }
    return [...new Set(texts)].filter(Boolean);
  });
}
