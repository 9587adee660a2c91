// What the browser tests share: Chromium driven by playwright-core, a page that is logged in and watched, and the words
// with the scenario that started the script: a line of JSON each way (test/lab/harness/browser_script.py).
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const require = createRequire(fileURLToPath(new URL('../../build/npm/', import.meta.url)));
const { chromium } = require('playwright-core');

export const [link, patience = '30', ...options] = process.argv.slice(2);
export const base = new URL('/', link).href.slice(0, -1);
export const axeFile = require.resolve('axe-core/axe.min.js');
const WAIT_MS = 1000 * Number(patience);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Records whether something holds. */
export function expect(name, held, detail = '') {
  say({ check: name, held: Boolean(held), detail: typeof detail === 'string' ? detail : JSON.stringify(detail) });
  return Boolean(held);
}

export const note = (text) => say({ note: text });

/** Has the scenario do something; what came of it. */
export async function have(what, ...given) {
  say({ have: what, given });
  const { value, done } = await lines.next();
  if (done) throw new Error(`nobody answered to ${what}`);
  return JSON.parse(value);
}

const chromiumAt = (...args) => ({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update', ...args],
});

export const launch = () => chromium.launch(chromiumAt());

/** A browser with a profile that lasts, in a folder. */
export const launchProfile = (folder, ...args) => chromium.launchPersistentContext(folder, chromiumAt(...args));

/** A page whose complaints are kept: errors, what the content security policy refused, dialogs that scripts opened. */
export async function openPage(browser, settings = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...settings });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/^WebSocket|status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`refused: ${event.violatedDirective} ${event.blockedURI}`));
  });
  return { page, context, complaints };
}

/** Opens the printed link and waits for the overview. */
export async function logIn(page) {
  await page.goto(link);
  await page.waitForURL(`${base}/`);
}

/** Asks the page again and again. (Playwright's own waiting evaluates strings there, which the pages' policy forbids.) */
export async function until(page, holds, given) {
  const deadline = Date.now() + WAIT_MS;
  while (!await page.evaluate(holds, given)) {
    if (Date.now() > deadline) throw new Error(`it never held: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** Goes to a page by its link at the top. */
export async function visit(page, title) {
  await page.click(`nav >> text="${title}"`);
  await page.waitForSelector(`main h1:text-is("${title}")`);
}

/** Waits until there is a row whose text holds all of the parts. */
export async function row(page, ...parts) {
  let found = page.locator('main tr[data-key]');
  for (const part of parts) found = found.filter({ hasText: part });
  await found.first().waitFor();
  return found.first();
}

/** Runs a test to its end, whatever happens in it. */
export async function run(test) {
  const browser = await launch();
  await complete(() => test(browser), browser);
}

/** The same, of a test that launches what it needs. */
export async function complete(test, browser) {
  try {
    await test();
  } catch (error) {
    expect('the walk comes to its end', false, String(error.stack ?? error).slice(0, 1500));
  } finally {
    await browser?.close();
    process.exit();
  }
}
