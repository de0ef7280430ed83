// A module of the user's own, with an import that k6 alone can't load here.
import http, { get } from 'k6/http';
import { randomItem } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
import { deeper } from './deep/deeper.js';

export const prices = JSON.parse(open('./prices.json'));
export const resolved = JSON.parse(open(import.meta.resolve('../data.json')));

export function read(path) {
  return open(path);
}

export function fetchOne() {
  return [http.get('SUT/one'), get(`SUT/${randomItem(['two'])}`), deeper()];
}
