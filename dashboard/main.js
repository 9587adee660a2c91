// The dashboard: its routes, the line at the top, and the feed.
import { change } from './core/api.js';
import { fill } from './core/dom.js';
import { showShortcuts, startKeys } from './core/keys.js';
import { live } from './core/live.js';
import { start } from './core/router.js';
import './core/samples.js';
import './core/connections.js';
import { showOverview } from './pages/overview.js';
import { showConnections } from './pages/connections.js';
import { showExchanges } from './pages/exchanges.js';
import { showExchange } from './pages/exchange.js';
import { showExplain } from './pages/explain.js';
import { showTrust } from './pages/trust.js';
import { showMissing } from './pages/missing.js';

const THEMES = ['auto', 'light', 'dark'];
const THEME_TITLES = { auto: '◐ Auto', light: '○ Light', dark: '● Dark' };

function startThemeSwitch() {
  const button = /** @type {HTMLButtonElement} */ (document.getElementById('theme'));
  const root = document.documentElement;
  const show = () => {
    const theme = /** @type {keyof typeof THEME_TITLES} */ (root.dataset.theme ?? 'auto');
    fill(button, THEME_TITLES[theme]);
    button.setAttribute('aria-label', `Theme: ${theme}`);
  };
  button.addEventListener('click', () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? 'auto') + 1) % THEMES.length];
    if (next === 'auto') delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem('theme', next);
    } catch {
      // It holds for this page then.
    }
    show();
  });
  show();
}

function startFeed() {
  const shown = /** @type {HTMLElement} */ (document.getElementById('feed'));
  const titles = { connecting: 'Connecting', live: 'Live', lost: 'Reconnecting' };
  const show = () => {
    shown.dataset.state = live.state;
    fill(shown, titles[/** @type {keyof typeof titles} */ (live.state)]);
  };
  live.addEventListener('state', show);
  show();
  live.start();
}

async function logOut() {
  live.stop();
  try {
    await change('DELETE', '/session');
  } finally {
    location.assign('/login');
  }
}

document.getElementById('logout')?.addEventListener('click', logOut);
document.getElementById('help')?.addEventListener('click', showShortcuts);
startThemeSwitch();
startFeed();
startKeys();
start([
  { pattern: /^\/$/, title: 'Overview', show: showOverview },
  { pattern: /^\/connections$/, title: 'Connections', show: showConnections },
  { pattern: /^\/exchanges$/, title: 'Exchanges', show: showExchanges },
  { pattern: /^\/exchanges\/([^/]+)$/, title: 'Exchange', show: showExchange },
  { pattern: /^\/explain$/, title: 'Explain', show: showExplain },
  { pattern: /^\/trust$/, title: 'Trust', show: showTrust },
  { pattern: /^/, title: 'Nothing here', show: showMissing },
]);
