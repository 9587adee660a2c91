// Chromium as a client that has known its sites before anything was intercepted: it remembers that they offer HTTP/3 (F1, J01).
// Names are given as PASSED OPENED,… BLOCKED.
import { complete, expect, have, launchProfile, note, options } from './browser.mjs';

const [folder, passed, opened, blocked] = options;
const names = opened.split(',');
const protocolOf = (page) => page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol);

/** A response and what was seen around it. */
async function visit(page, name) {
  const began = Date.now();
  const response = await page.goto(`https://${name}/`, { waitUntil: 'domcontentloaded' });
  const ms = Date.now() - began;
  return { ms, status: response.status(), text: await page.innerText('body'), protocol: await protocolOf(page),
    issuer: (await response.securityDetails())?.issuer };
}

async function learn() {
  const browser = await launchProfile(folder);
  const page = await browser.newPage();
  for (const name of [...names, blocked]) {
    const seen = await visit(page, name);
    expect('the site is there, and says that it has HTTP/3', seen.text.includes('over TCP') && seen.protocol === 'http/1.1', { name, ...seen });
  }
  await browser.close();
}

async function comeAgain() {
  const browser = await launchProfile(folder, `--origin-to-force-quic-on=${passed}:443`);
  const page = await browser.newPage();
  const flown = await visit(page, passed);
  expect('a name that is passed through is fetched over HTTP/3', flown.protocol === 'h3' && flown.text.includes('over HTTP/3'), flown);
  let best = Infinity;
  for (const name of names) {
    const seen = await visit(page, name);
    best = Math.min(best, seen.ms);
    expect('an opened name arrives over TCP and is intercepted', seen.protocol !== 'h3' && seen.status === 200 &&
      seen.text.includes('over TCP') && /interception/.test(seen.issuer), { name, ...seen });
  }
  note(`an opened name was there ${best} ms after it was asked for`);
  expect('an opened name is there within a second', best < 1000, `${best} ms`);
  const seen = await visit(page, blocked);
  expect('a blocked name gets the page that says so', seen.status === 403 && seen.text.includes('Policy Blocked') &&
    seen.text.includes(blocked), seen);
  await browser.close();
}

await complete(async () => {
  await learn();
  await have('intercept');
  await comeAgain();
});
