// What compiled flows share.

import { check } from 'k6';

const WHOLE = /^https?:\/\//i;

// An address relative to the base URL; a path that is a whole URL (an extracted link, say) stands for itself.
export function address(base, path) {
  if (WHOLE.test(path)) return path;
  return base.replace(/\/+$/, '') + (path.startsWith('/') ? path : '/' + path);
}

// An address with query parameters appended; values are encoded here.
export function withQuery(url, query) {
  const text = Object.entries(query)
    .map(([key, value]) => encodeURIComponent(key) + '=' + encodeURIComponent(value))
    .join('&');
  return url + (url.includes('?') ? '&' : '?') + text;
}

// The value at `selector` in a JSON answer, checked as "<name> has <selector>"; undefined if it is missing.
export function extract(response, name, selector) {
  let value;
  try {
    value = response.json(selector);
  } catch {
    value = undefined; // not JSON, or no answer
  }
  const found = value !== undefined && value !== null;
  check(response, { [`${name} has ${selector}`]: () => found });
  return found ? value : undefined;
}
