// Names, paths, fields and bodies of an attacker, looked at on every page that shows them (N03, D6).
import { base, expect, have, logIn, openPage, row, run, until, visit } from './browser.mjs';

// What an attacker's elements would be: the pages have none of these.
const FOREIGN = 'main img, main script, main iframe, main svg:not(.plot svg), main b, main style, [onerror], [onload]';

/** Whether the page shows the text, and nothing of it has become an element. */
async function shownAsText(page, where, ...texts) {
  const shown = await page.innerText('body');
  const elements = await page.locator(FOREIGN).evaluateAll((found) => found.map((one) => one.outerHTML.slice(0, 200)));
  const missing = texts.filter((text) => !shown.includes(text));
  expect('hostile text is shown as text', missing.length === 0 && elements.length === 0, { where, missing, elements, shown: missing.length ? shown.slice(0, 800) : '' });
  const hidden = [...shown].filter((character) => character !== '\n' && character !== '\t' && /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character));
  expect('nothing in it is invisible', hidden.length === 0, { where, hidden: hidden.map((one) => one.codePointAt(0).toString(16)) });
}

/** Every character that could hide, reorder or break lines is spelled out. */
async function charactersAreSpelled(page) {
  const left = await page.evaluate(async () => {
    const { visible, visibleLines } = await import('/assets/core/text.js');
    const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;
    const found = [];
    for (let code = 0; code < 0x110000; code++) {
      const character = String.fromCodePoint(code);
      const lines = visibleLines(character);
      if (unseen.test(visible(character)) || (unseen.test(lines) && !'\n\t'.includes(lines))) found.push(code.toString(16));
      if (!unseen.test(character) && code !== 0x2800 && visible(character) !== character) found.push(`changed ${code.toString(16)}`);
    }
    return found;
  });
  expect('each unseen character is spelled out', left.length === 0, left.slice(0, 20));
}

/** What makes elements takes no handler, no foreign address and no markup. */
async function elementsAreOurs(page) {
  const taken = await page.evaluate(async () => {
    const { h } = await import('/assets/core/dom.js');
    const tried = [['a', { href: 'javascript:alert(1)' }], ['a', { href: 'https://evil.test/' }], ['a', { href: '//evil.test' }],
      ['a', { href: '/\\evil.test' }], ['p', { onclick: 'alert(1)' }], ['p', { style: 'color: red' }], ['img', { src: '/x' }],
      ['form', { action: '/x' }], ['a', { href: ' /x' }], ['a', { href: 'data:text/html,x' }]];
    return tried.filter(([tag, props]) => {
      try {
        h(tag, props);
        return true;
      } catch {
        return false;
      }
    }).map((one) => JSON.stringify(one));
  });
  expect('no element takes a handler or leads elsewhere', taken.length === 0, taken);
}

/** What shows no text of theirs where all is well. */
async function elsewhere(page, told) {
  await visit(page, 'Connections');
  await (await row(page, told.name)).click();
  await shownAsText(page, 'connection', told.name);
  await page.goto(`${base}/explain?name=${encodeURIComponent('<img src=x onerror=alert(1)>.test')}`);
  await page.waitForSelector('.explanation .problem, .explanation .answer');
  await shownAsText(page, 'explain');
  await page.goto(`${base}/<img src=x onerror=alert(1)>`).catch(() => {});
  await page.goto(`${base}/exchanges/${encodeURIComponent('<img src=x onerror=alert(1)>')}`);
  await page.waitForSelector('.problem');
  await shownAsText(page, 'an unknown exchange');
  await page.goto(`${base}/`);
  await charactersAreSpelled(page);
  await elementsAreOurs(page);
}

await run(async (browser) => {
  const { page, complaints } = await openPage(browser);
  await logIn(page);
  const told = await have('attack');
  await visit(page, 'Exchanges');
  for (const one of told.exchanges) {
    await row(page, one.listed);
    await shownAsText(page, 'exchanges', one.listed);
  }
  for (const one of told.exchanges) {
    await page.goto(`${base}/exchanges?text=${encodeURIComponent(one.search)}`);
    await (await row(page, one.listed)).click();
    await page.waitForSelector('.columns');
    await until(page, () => !document.querySelector('.body-view') || document.querySelector('.body'));
    await shownAsText(page, one.listed, ...one.shown);
  }
  if (!told.control) await elsewhere(page, told);
  expect('no script of theirs ran and none was refused', complaints.length === 0, complaints.slice(0, 5));
});
