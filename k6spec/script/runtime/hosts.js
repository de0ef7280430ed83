// Which hosts get trace context: the system under test's and those of propagate_to.
//
// settings.hosts holds "example.com" (any port), "example.com:8080", or "*.example.com" (its subdomains).

import { settings } from '../settings.js';

const MOST_KNOWN = 1000;

const known = new Map(); // the URL up to its path -> whether it gets context

export function isTarget(url) {
  const slash = url.indexOf('/', 8);
  const origin = slash < 0 ? url : url.slice(0, slash);
  const answer = known.get(origin);
  if (answer !== undefined) return answer;
  const decided = decide(origin);
  if (known.size < MOST_KNOWN) known.set(origin, decided);
  return decided;
}

function decide(origin) {
  const found = /^https?:\/\/(?:[^/?#]*@)?([^/?#@]+)/i.exec(origin);
  if (found === null) return false;
  const authority = found[1].toLowerCase();
  const host = authority.replace(/:\d+$/, '');
  return settings.hosts.some((pattern) =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : pattern === host || pattern === authority,
  );
}
