// TypeScript, with a generic and a type import.
import http, { type Response } from 'k6/http';
import { check } from 'k6';
import { randomString } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';

function first<T>(items: T[]): T {
  return items[0];
}

export default function (): void {
  const answer: Response = http.get(`SUT/${first<string>([randomString(3)])}`, { tags: { name: 'typed' } });
  check(answer, { 'status is 200': (r) => r.status === 200 });
}
