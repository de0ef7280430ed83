// What flows take out of answers, and check of them.

import { check } from 'k6';
import { stop } from './flow.js';

// Each is undefined where there is no such thing in the answer.

export function json(response, selector) {
  try {
    return response.json(selector);
  } catch {
    return undefined; // not JSON, or no answer
  }
}

export function header(response, name) {
  const wanted = name.toLowerCase();
  const found = Object.keys(response.headers).find((key) => key.toLowerCase() === wanted);
  return found === undefined ? undefined : response.headers[found];
}

export function cookie(response, name) {
  const found = response.cookies[name];
  return found === undefined || found.length === 0 ? undefined : found[0].value;
}

export function regex(response, pattern) {
  const found = pattern.exec(body(response));
  if (found === null) return undefined;
  return found.length > 1 ? found[1] : found[0];
}

export function body(response) {
  return response.body === null || response.body === undefined ? '' : response.body;
}

// The value, checked to be there; the iteration ends here if it is not.
export function need(response, label, value) {
  const found = exists(value);
  check(response, { [label]: () => found });
  if (!found) stop();
  return value;
}

export function exists(value) {
  return value !== undefined && value !== null;
}

export function contains(value, text) {
  return exists(value) && String(typeof value === 'object' ? JSON.stringify(value) : value).includes(text);
}

// Equality of JSON values, whatever the order of keys.
export function equals(one, other) {
  if (one === other) return true;
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && equals(one[key], other[key]))
  );
}
