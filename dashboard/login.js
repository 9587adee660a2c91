// Logging in: by the token of the printed link's fragment, which reaches neither the server's log nor a referrer.
import { ApiError, ask } from './core/api.js';
import { fill } from './core/dom.js';
import { age } from './core/format.js';

const form = /** @type {HTMLFormElement} */ (document.getElementById('login'));
const input = /** @type {HTMLInputElement} */ (document.getElementById('token'));
const problem = /** @type {HTMLElement} */ (document.getElementById('problem'));
const button = /** @type {HTMLButtonElement} */ (form.querySelector('button'));

/** Where the visitor wanted to go: a page of ours, or the overview. */
function destination() {
  const next = new URLSearchParams(location.search).get('next') ?? '/';
  return /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : '/';
}

/** @param {string} token */
async function logIn(token) {
  button.disabled = true;
  fill(problem);
  try {
    await ask('/api/v1/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Sallyport': '1' },
      body: JSON.stringify({ token }),
    });
    location.replace(destination());
  } catch (error) {
    const known = error instanceof ApiError;
    fill(problem, known && error.status === 429 && error.retryAfter
      ? `${error.message} Try again in ${age(error.retryAfter)}.` : known ? error.message : String(error));
    button.disabled = false;
    input.focus();
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  // What was copied may be the whole link.
  logIn(input.value.trim().replace(/^.*#token=/, ''));
});

/** The link may be opened where this page is shown already: then its fragment alone changes. */
function takeLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (!token) return false;
  history.replaceState(null, '', location.pathname + location.search);
  input.value = token;
  logIn(token);
  return true;
}

addEventListener('hashchange', takeLink);
if (!takeLink()) input.focus();
