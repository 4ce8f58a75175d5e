// What axe-core finds on pages, in light and in dark, on a wide screen and on a narrow one.
// Arguments: the browser's path, and JSON: [{name, url, forget, unfold, click}].
// `forget` drops the page's cookies, `unfold` opens a part of the page, then `click` presses what it
// names, to see the page behind it.
import { createRequire } from "node:module";
import { launch } from "./browser.mjs";

const axe = createRequire(import.meta.url)("axe-core");
const [executablePath, pages] = process.argv.slice(2);
const screens = [
  { width: 1280, height: 900 },
  { width: 360, height: 740 },
];

const browser = await launch(executablePath);
const found = [];
for (const colorScheme of ["light", "dark"]) {
  for (const viewport of screens) {
    // The page's own policy would keep axe-core out, as it does everything else.
    const context = await browser.newContext({ colorScheme, viewport, bypassCSP: true });
    for (const { name, url, forget, unfold, click } of JSON.parse(pages)) {
      const page = await context.newPage();
      await page.goto(url);
      if (forget) await context.clearCookies();
      if (unfold) await page.click(unfold);
      if (click) await Promise.all([page.waitForEvent("load"), page.click(click)]);
      await page.evaluate(axe.source);
      const result = await page.evaluate(() =>
        axe.run({ resultTypes: ["violations", "incomplete"] }),
      );
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      );
      found.push({
        name,
        colorScheme,
        width: viewport.width,
        title: await page.title(),
        passes: result.passes.length,
        wide,
        violations: [...result.violations, ...result.incomplete].map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`,
        ),
      });
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
console.log(JSON.stringify(found));
