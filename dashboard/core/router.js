// Which page is shown: by the path, through the history API. A page is a function that fills `main` and stops its work
// when its signal is aborted.

/** @typedef {{ main: HTMLElement, signal: AbortSignal, url: URL, parts: string[] }} Visit */
/** @typedef {{ pattern: RegExp, title: string, show: (visit: Visit) => void | Promise<void> }} Route */

/** @type {Route[]} */
let routes = [];
/** @type {AbortController | null} */
let current = null;

/** @param {URL} url */
function markNavigation(url) {
  for (const link of document.querySelectorAll('nav a')) {
    const path = link.getAttribute('href') ?? '';
    const here = path === '/' ? url.pathname === '/' : url.pathname.startsWith(path);
    if (here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function show() {
  const url = new URL(location.href);
  const main = /** @type {HTMLElement} */ (document.getElementById('main'));
  current?.abort();
  current = new AbortController();
  for (const route of routes) {
    const match = route.pattern.exec(url.pathname);
    if (!match) continue;
    document.title = `${route.title} · sallyport`;
    markNavigation(url);
    main.replaceChildren();
    main.className = '';
    main.scrollTop = 0;
    Promise.resolve(route.show({ main, signal: current.signal, url, parts: match.slice(1).map(decodeURIComponent) }))
      .catch((error) => {
        if (error?.name !== 'AbortError') console.error(error);
      });
    return;
  }
}

/** Goes to a page of ours. @param {string} address */
export function go(address) {
  if (address === location.pathname + location.search) return;
  history.pushState(null, '', address);
  show();
  document.getElementById('main')?.focus({ preventScroll: true });
}

/** The address bar tells what is shown, and nothing is shown anew. @param {string} address */
export function retitle(address) {
  history.replaceState(null, '', address);
}

/** @param {MouseEvent} event */
function follow(event) {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = /** @type {Element} */ (event.target).closest('a[href]');
  const target = link?.getAttribute('href') ?? '';
  if (!link || link.hasAttribute('download') || !target.startsWith('/') || /^\/(api|assets|ca\.)/.test(target)) return;
  event.preventDefault();
  go(target);
}

/** @param {Route[]} table */
export function start(table) {
  routes = table;
  document.addEventListener('click', follow);
  addEventListener('popstate', show);
  show();
}
