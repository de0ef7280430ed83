// Which hosts get trace context: the system under test's and those of propagate_to.
//
// settings.hosts holds "example.com" (any port), "example.com:8080", or "*.example.com" (its subdomains).

import { settings } from '../settings.js';

const MOST_KNOWN = 1000;

const known = new Map(); // the URL up to its path -> whether it gets context
let latest = '\n'; // the latest of them that does, with its slash: most requests go to one host

export function isTarget(url) {
  if (url.startsWith(latest)) return true;
  const slash = url.indexOf('/', 8);
  const origin = slash < 0 ? url : url.slice(0, slash);
  let answer = known.get(origin);
  if (answer === undefined) {
    answer = decide(origin);
    if (known.size < MOST_KNOWN) known.set(origin, answer);
  }
  if (answer && slash >= 0) latest = url.slice(0, slash + 1);
  return answer;
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
