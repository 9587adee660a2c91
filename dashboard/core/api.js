// Asks the daemon. Whoever has no session is sent to the login page.

export class ApiError extends Error {
  /** @param {number} status @param {string} message @param {number} [retryAfter] seconds */
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** @param {string} path @param {Record<string, unknown>} [query] */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

function leave() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** @param {Response} response */
async function problemOf(response) {
  try {
    const told = await response.json();
    return new ApiError(response.status, String(told.error ?? response.statusText), told.retry_after_seconds);
  } catch {
    return new ApiError(response.status, `The gateway answered ${response.status}.`);
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', redirect: 'error', ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The gateway does not answer.');
  }
  if (response.status === 401 && !path.endsWith('/session')) leave();
  if (!response.ok) throw await problemOf(response);
  return response;
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} [query]
 * @param {AbortSignal} [signal]
 */
export async function get(path, query, signal) {
  return (await ask(address(`/api/v1${path}`, query), { signal })).json();
}

/**
 * What changes something says so by a header that no other site can send.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 */
export function change(method, path, body, signal) {
  const headers = { 'X-Sallyport': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
  return ask(`/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
}
