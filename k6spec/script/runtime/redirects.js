// Follows redirects, so that context doesn't go to other hosts: k6 sends a request's headers to wherever it is
// redirected. Apart from that this does what k6 does (Go's net/http and k6's httpext), hop by hop.

import exec from 'k6/execution';
import { isTarget } from './hosts.js';
import { urlOf } from './context.js';
import { hostOf, resolve, withoutUser } from './urls.js';

const MOST = 10; // unless the script says otherwise
const TIMEOUT_MS = 60000;

let declared; // options.maxRedirects: k6 makes all options anew whenever it is asked for one

function declaredMost() {
  if (declared === undefined) {
    const most = exec.test.options.maxRedirects;
    declared = most === undefined ? null : most;
  }
  return declared;
}

// A request that may be redirected. `given` are the parameters as they were sent, `params` the script's own.
export class Chain {
  constructor({ method, url, body, params, given }) {
    this.method = String(method).toUpperCase();
    this.url = urlOf(url);
    this.body = body;
    this.params = params || {};
    this.given = given;
    this.hops = 0;
    this.began = Date.now();
    this.secretsLeft = false;
    this.bodyDropped = false;
    const name = typeof url === 'object' && url !== null ? url.name : undefined; // of http.url`…`
    this.tags = name && name !== url.clean_url ? { name, ...given.tags } : given.tags;
  }

  // The request that follows an answer, as arguments of http.request, and whether it gets context; null at the end.
  next(answer) {
    const { status } = answer;
    const dropsBody = status === 301 || status === 302 || status === 303;
    if (!dropsBody && status !== 307 && status !== 308) return null;
    const location = answer.headers.Location;
    if (!location) return null;
    this.hops += 1;
    if (this.hops > this.limit()) return null;
    if (dropsBody) {
      if (this.method !== 'HEAD') this.method = 'GET';
      this.body = null;
      this.bodyDropped = true;
    }
    const from = answer.url;
    const to = resolve(from, location);
    const target = isTarget(to);
    const params = { ...this.params, headers: this.headers(from, to, location, target), redirects: 0 };
    if (this.tags) params.tags = this.tags;
    params.timeout = Math.max(timeoutOf(this.params.timeout) - (Date.now() - this.began), 1);
    return { target, request: [this.method, to, this.body, params] };
  }

  headers(from, to, location, target) {
    const all = (target ? this.given.headers : this.params.headers) || {};
    const first = hostOf(this.url);
    const host = hostOf(to);
    this.secretsLeft = this.secretsLeft || (host !== first && !host.endsWith(`.${first}`));
    const relative = !/^[a-z][a-z0-9+.-]*:/i.test(location);
    const headers = {};
    let referer = '';
    for (const name of Object.keys(all)) {
      const lower = name.toLowerCase();
      if (lower === 'referer') referer = all[name];
      if (this.goesAlong(lower, relative)) headers[name] = all[name];
    }
    const unsafe = from.startsWith('https:') && to.startsWith('http:');
    if (!referer && !unsafe) headers.Referer = withoutUser(from);
    return headers;
  }

  // Whether a header of the first request is sent on.
  goesAlong(name, relative) {
    switch (name) {
      case 'cookie':
      case 'content-length':
        return false; // k6 makes these for each hop
      case 'host':
        return relative;
      case 'authorization':
      case 'www-authenticate':
      case 'cookie2':
      case 'proxy-authorization':
      case 'proxy-authenticate':
        return !this.secretsLeft; // Go's client keeps these from other domains
      case 'content-encoding':
      case 'content-language':
      case 'content-location':
      case 'content-type':
        return !this.bodyDropped; // so does Go since 1.26; an older k6 alone sends them on
      default:
        return true;
    }
  }

  limit() {
    const own = this.params.redirects;
    if (own !== undefined && own !== null) return Number(own);
    const most = declaredMost();
    if (most !== null) return most;
    if (this.hops > MOST) {
      console.warn(
        `${this.url} was redirected ${MOST} times; the last redirect is its response. ` +
          'Set maxRedirects in options, or { redirects: n } for the request, to follow more or to say so',
      );
    }
    return MOST;
  }
}

// Whether an answer may be one to follow. Reading a property of a response takes long, so it is read once.
export function isRedirect(status) {
  return status >= 300 && status < 400;
}

// k6's timeout is for the whole chain.
function timeoutOf(timeout) {
  if (timeout === undefined || timeout === null) return TIMEOUT_MS;
  if (typeof timeout === 'number') return timeout;
  const scales = { ms: 1, s: 1000, m: 60000, h: 3600000 };
  let milliseconds = 0;
  const parts = String(timeout).matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
  for (const [, number, unit] of parts) milliseconds += number * scales[unit];
  return milliseconds || TIMEOUT_MS;
}
