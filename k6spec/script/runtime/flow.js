// What compiled flows share.

const WHOLE = /^https?:\/\//i;
const STOP = {}; // thrown where an iteration cannot go on; what is amiss is a failed check already

// The function that VUs run, of the flow's own.
export function journey(steps) {
  return () => {
    try {
      steps();
    } catch (error) {
      if (error !== STOP) throw error;
    }
  };
}

export function stop() {
  throw STOP;
}

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
  const [page] = url.split('#'); // of a link that was extracted, perhaps to a part of a page
  return page + (page.includes('?') ? '&' : '?') + text;
}

// The number of a branch, at random by weight.
export function chosen(...weights) {
  let left = Math.random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let number = 0; number < weights.length - 1; number++) {
    left -= weights[number];
    if (left < 0) return number;
  }
  return weights.length - 1;
}

// A secret reaches k6 by its environment only.
export function secret(name) {
  const value = __ENV[name];
  if (value === undefined || value === '') {
    throw new Error(`the flow needs the secret ${name}: set the environment variable ${name}`);
  }
  return value;
}
