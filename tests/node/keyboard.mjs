// A person who has a keyboard and no mouse, and what is wrong for such a person on the way. The page's context has
// reduced motion, so that what is looked at is not on its way to how it will look.
import assert from "node:assert/strict";

const MOST_TABS = 150;

/** Writes down how the focused element and what is drawn for it look, which an input without a look of its own leaves to its neighbours. */
function rememberFocus() {
  const focused = document.activeElement;
  const around = [focused, focused.parentElement, ...(focused.parentElement?.children ?? [])];
  const labels = [...(focused.labels ?? [])].flatMap((label) => [label, ...label.querySelectorAll("*")]);
  const elements = [...new Set([...around, ...labels])].filter(Boolean);
  const looks = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow"];
  const lookOf = (element) =>
    [null, "::before", "::after"]
      .map((part) => getComputedStyle(element, part))
      .map((style) => looks.map((look) => style[look]).join())
      .join();
  window.remembered = {
    focused,
    before: elements.map(lookOf),
    after: () => elements.map(lookOf),
  };
}

/** Compares with what it looks like now, without the focus. */
function faultOfRemembered() {
  const { focused, before, after } = window.remembered ?? {};
  if (!focused || focused === document.body || !focused.isConnected || focused === document.activeElement)
    return null;
  const box = (focused.labels?.[0] ?? focused).getBoundingClientRect();
  const where = `${location.pathname}: ${focused.cloneNode(false).outerHTML.replaceAll(/ (id|class|aria-\w+)="[^"]*"/g, "")}`;
  if (before.join() === after().join()) return `the focus cannot be seen at ${where}`;
  if (focused.tabIndex > 0) return `the order of the focus is changed by ${where}`;
  return box.width === 0 || box.height === 0 ? `the focus is on nothing at ${where}` : null;
}

/** Says whether the focus went back in the document's order. */
function isBackwards() {
  const { focused } = window.remembered ?? {};
  const now = document.activeElement;
  const isStep =
    focused?.isConnected && focused !== document.body && now !== document.body && now !== focused;
  return isStep && Boolean(focused.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_PRECEDING);
}

export class Keyboard {
  constructor(page, faults) {
    this.page = page;
    this.faults = faults;
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text) {
    await this.page.keyboard.type(text);
  }

  /** One Tab, or Shift+Tab: the focus has to be seen where it was, and to go one way through the document. */
  async step(key = "Tab") {
    await this.page.evaluate(rememberFocus);
    await this.page.keyboard.press(key);
    const fault = await this.page.evaluate(faultOfRemembered);
    if (fault && !this.faults.includes(fault)) this.faults.push(fault);
    return this.page.evaluate(isBackwards);
  }

  isOn(locator) {
    return locator.evaluateAll((elements) => elements.includes(document.activeElement));
  }

  /** Goes with Tab, or with Shift+Tab, to the first of what a locator finds. */
  async reach(locator, key = "Tab") {
    await locator.first().waitFor({ state: "attached" });
    for (let tabs = 0; tabs < MOST_TABS; tabs++) {
      if (await this.isOn(locator)) return;
      await this.step(key);
    }
    throw new Error(`the focus never comes to ${locator}; it is on ${await this.focused()}`);
  }

  /** Goes there and presses a key on it. */
  async use(locator, key = "Enter") {
    await this.reach(locator);
    await this.press(key);
  }

  /** Goes to a field and types into it in place of what it has. */
  async fill(locator, text) {
    await this.reach(locator);
    await this.press("ControlOrMeta+a");
    await this.type(text);
  }

  focused() {
    return this.page.evaluate(() => document.activeElement?.cloneNode(false).outerHTML.slice(0, 200));
  }

  /** Waits until the focus is there without any key. */
  async expectFocus(locator, why) {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (await this.isOn(locator)) return;
      await this.page.waitForTimeout(50);
    }
    assert.fail(`${why}: the focus is on ${await this.focused()}`);
  }

  /** Goes with Tab through a whole page: in the document's order, out at its end, and in again at its start. */
  async walkPage() {
    await this.page.getByRole("heading", { level: 1 }).waitFor();
    const skip = this.page.locator(".skip-link");
    await this.reach(skip);
    let steps = 0;
    while (!(await this.step()) && !(await this.isOn(this.page.locator("body")))) {
      steps++;
      assert.ok(steps < MOST_TABS, `the focus never leaves ${this.page.url()}: ${await this.focused()}`);
    }
    await this.reach(skip);
    return steps;
  }
}
