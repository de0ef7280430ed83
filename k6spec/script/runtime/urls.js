// URLs: k6 has no URL class of its own.

const MOST_KNOWN = 1000;

const hosts = new Map(); // a URL up to its path -> its host

// The URL that a reference names, seen from the page at `base` (RFC 3986, section 5.2).
export function resolve(base, reference) {
  // Regular expressions take long, and nearly all redirects are of one of these two kinds.
  if (!reference.includes('/.')) {
    if (reference.startsWith('http://') || reference.startsWith('https://')) return reference;
    if (reference.startsWith('/') && !reference.startsWith('//')) return originOf(base) + reference;
  }
  const at = parse(base);
  const to = parse(reference);
  if (to.scheme !== undefined) return join({ ...to, path: withoutDots(to.path) });
  if (to.authority !== undefined) return join({ ...to, scheme: at.scheme, path: withoutDots(to.path) });
  const found = { ...at, fragment: to.fragment };
  if (to.path === '') {
    found.query = to.query === undefined ? at.query : to.query;
  } else {
    const whole = to.path.startsWith('/') ? to.path : folderOf(at.path) + to.path;
    found.path = withoutDots(whole);
    found.query = to.query;
  }
  return join(found);
}

function parse(url) {
  const parts = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#[^]*)?$/i;
  const [, scheme, authority, path, query, fragment] = parts.exec(url);
  return { scheme, authority, path, query, fragment };
}

// The host without user and port, in lower case.
export function hostOf(url) {
  const origin = originOf(url);
  let host = hosts.get(origin);
  if (host === undefined) {
    host = unnamed(parse(origin).authority || '').replace(/:\d*$/, '').toLowerCase();
    if (hosts.size < MOST_KNOWN) hosts.set(origin, host);
  }
  return host;
}

export function withoutUser(url) {
  if (!url.includes('@')) return url;
  const parts = parse(url);
  return parts.authority === undefined ? url : join({ ...parts, authority: unnamed(parts.authority) });
}

function unnamed(authority) {
  return authority.slice(authority.lastIndexOf('@') + 1);
}

// A URL up to its path; whole where it has none but a query.
function originOf(url) {
  const slash = url.indexOf('/', 8);
  const origin = slash < 0 ? url : url.slice(0, slash);
  return origin.includes('?') || origin.includes('#') ? origin.slice(0, origin.search(/[?#]/)) : origin;
}

function join({ scheme, authority, path, query, fragment }) {
  return (
    (scheme === undefined ? '' : `${scheme}:`) +
    (authority === undefined ? '' : `//${authority}`) +
    (authority !== undefined && path !== '' && !path.startsWith('/') ? `/${path}` : path) +
    (query || '') +
    (fragment || '')
  );
}

function folderOf(path) {
  return path === '' ? '/' : path.slice(0, path.lastIndexOf('/') + 1);
}

function withoutDots(path) {
  const kept = [];
  const segments = path.split('/');
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === '..') {
      if (kept.length > 1) kept.pop();
      if (last) kept.push('');
    } else if (segment === '.') {
      if (last) kept.push('');
    } else {
      kept.push(segment);
    }
  });
  return kept.join('/');
}
