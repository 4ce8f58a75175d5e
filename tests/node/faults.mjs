// What is wrong with a page as it is shown now: what axe-core finds, and that it is wider than the screen.
import { createRequire } from "node:module";

const axe = createRequire(import.meta.url)("axe-core");

export async function faultsOf(page, where) {
  // The page's own policy keeps foreign scripts out; the debugger is not bound by it.
  const debugging = await page.context().newCDPSession(page);
  await debugging.send("Runtime.evaluate", { expression: axe.source });
  const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  const faults = violations.map(({ id, nodes }) => `${where}: ${id} ${nodes[0].html}`);
  return isWide ? [...faults, `${where}: wider than the screen`] : faults;
}
