// Every page, light and dark and 400 pixels wide: readable, labelled, nothing cut off. Pictures go to the folder given.
import { readFileSync } from 'node:fs';
import { axeFile, base, expect, have, logIn, note, openPage, options, row, run, until } from './browser.mjs';

const [pictures] = options;
const axe = readFileSync(axeFile, 'utf8');
const DRAWN_MS = 6000; // for charts to have something to show
const LOOKS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { colorScheme: 'light', viewport: { width: 400, height: 800 }, hasTouch: true, isMobile: true },
};

/** @returns what is shown, by name: how to get there */
const pagesOf = (told) => ({
  overview: async (page) => {
    await page.goto(`${base}/`);
    await until(page, () => document.querySelector('.chart .value')?.textContent !== '—' && document.querySelector('.panel .facts'));
    if (pictures) await new Promise((resolve) => setTimeout(resolve, DRAWN_MS));
  },
  connections: async (page) => {
    await page.goto(`${base}/connections`);
    await row(page, told.open);
  },
  connection: async (page) => {
    await (await row(page, told.open)).click();
    await page.waitForSelector('aside.detail .facts');
    await page.mouse.move(0, 0);
  },
  exchanges: async (page) => {
    await page.goto(`${base}/exchanges`);
    await row(page, told.blocked);
  },
  exchange: async (page) => {
    await page.goto(`${base}/exchanges/${told.id}`);
    await page.waitForSelector('.waterfall');
    await page.waitForSelector('.body');
  },
  explain: async (page) => {
    await page.goto(`${base}/explain?name=${told.blocked}`);
    await page.waitForSelector('.steps');
  },
  trust: async (page) => {
    await page.goto(`${base}/trust`);
    await page.waitForSelector('.plain');
  },
  capture: async (page) => {
    await page.goto(`${base}/connections`);
    await page.click('[data-action=capture]');
    await page.waitForSelector('dialog[open]');
  },
});

/** By axe, with all its rules in one theme; in the other what differs is the contrast. */
async function isAccessible(page, where, look) {
  if (look === 'narrow') return;
  await page.evaluate(axe);
  const rules = look === 'dark' ? { runOnly: ['color-contrast'] } : {};
  const violations = await page.evaluate(async (given) => (await globalThis.axe.run(document, { resultTypes: ['violations'], ...given })).violations
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 120)} ${node.failureSummary.slice(0, 200)}`).join(' | ')}`), rules);
  expect('it is labelled, ordered, and has contrast', violations.length === 0, { where, violations });
}

async function fits(page, where) {
  const wide = await page.evaluate(() => ({ page: document.documentElement.scrollWidth - innerWidth,
    main: document.getElementById('main')?.scrollWidth - document.getElementById('main')?.clientWidth }));
  expect('nothing stands out of the window', wide.page <= 0 && !(wide.main > 0), { where, wide });
}

/** The focus goes through everything, and can be seen wherever it is. */
async function focusIsSeen(page, where) {
  await page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.blur() : null));
  const unseen = [];
  let skip = '';
  for (let step = 0; step < 14; step++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const seen = (one) => getComputedStyle(one).outlineStyle !== 'none' && parseFloat(getComputedStyle(one).outlineWidth) >= 1;
      return { what: element.outerHTML.slice(0, 100), text: element.textContent.slice(0, 40), seen: seen(element) || seen(element.closest('.scroll') ?? element) };
    });
    if (step === 0) skip = at?.text ?? '';
    if (at && !at.seen) unseen.push(at.what);
  }
  expect('the first stop leads to the content', skip.startsWith('Skip to'), { where, skip });
  expect('the focus is seen', unseen.length === 0, { where, unseen });
}

async function switchWorks(page) {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const colours = [];
  for (let step = 0; step < 3; step++) {
    await page.click('#theme');
    colours.push(`${await page.evaluate(() => document.documentElement.dataset.theme ?? 'auto')} ${await ground()}`);
  }
  const [light, dark, auto] = colours;
  expect('the switch goes from light to dark and back', light?.startsWith('light') && dark?.startsWith('dark') && auto?.startsWith('auto') &&
    light.split('rgb')[1] !== dark.split('rgb')[1], colours);
}

await run(async (browser) => {
  const told = await have('traffic');
  for (const [look, settings] of Object.entries(LOOKS)) {
    const { page, context, complaints } = await openPage(browser, { reducedMotion: 'reduce', ...settings });
    await page.goto(`${base}/login`);
    await isAccessible(page, `login ${look}`, look);
    if (pictures) await page.screenshot({ path: `${pictures}/login-${look}.png` });
    await logIn(page);
    for (const [name, show] of Object.entries(pagesOf(told))) {
      const where = `${name} ${look}`;
      await show(page);
      await fits(page, where);
      await isAccessible(page, where, look);
      if (pictures) await page.screenshot({ path: `${pictures}/${name}-${look}.png` });
      if (look === 'light' && (name === 'exchanges' || name === 'exchange')) await focusIsSeen(page, where);
    }
    if (look === 'light') {
      await page.goto(`${base}/`);
      await switchWorks(page);
    }
    expect('nothing went wrong in the pages', complaints.length === 0, complaints.slice(0, 5));
    await context.close();
  }
  if (pictures) note(`pictures: ${pictures}`);
});
