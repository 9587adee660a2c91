// Reads Prometheus' text format, as far as the dashboard needs it.
import { ask } from './api.js';

/**
 * @param {string} text
 * @param {string} family
 * @returns {{ labels: Record<string, string>, value: number }[]}
 */
export function samplesOf(text, family) {
  const found = [];
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== family) continue;
    const labels = Object.fromEntries([...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]));
    found.push({ labels, value: Number(match[3]) });
  }
  return found;
}

export async function metrics() {
  return (await ask('/metrics')).text();
}
