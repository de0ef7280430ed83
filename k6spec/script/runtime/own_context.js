// Context headers that a script sets itself: they win over ours, however they are spelled.
//
// Here as in the other modules regular expressions stand where they are used: as constants they would take some ten
// kilobytes each, in every VU.

import { headersOf } from './propagation.js';

const FROM_SCRIPT = '*'; // marks a traceparent that the script chose: it may repeat
const IDS = ['traceparent', 'b3', 'x-b3-traceid', 'uber-trace-id'];
const OURS = new Set([...IDS, 'tracestate', 'baggage', 'x-correlation-id', 'x-b3-spanid', 'x-b3-sampled']);
const MOST_KNOWN = 1000;

const known = new Map(); // a header's name as it is written -> in lower case if it is one of these, else null

// Whether a script's headers hold one of these.
export function holdsContext(names) {
  for (let i = 0; i < names.length; i++) {
    const kind = known.get(names[i]);
    if (kind === null) continue;
    if (kind !== undefined || kindOf(names[i]) !== null) return true;
  }
  return false;
}

// Ours and the script's headers as one, the traceparent that they say (marked; '' if what the script set isn't
// one), and the script's own correlation id.
export function merge(headers, given, traceparent, propagation) {
  const own = {};
  for (const name of Object.keys(given)) {
    const kind = kindOf(name);
    if (kind !== null) own[kind] = String(given[name]);
  }
  let sent = traceparent;
  let ours = headers;
  if (IDS.some((name) => name in own)) {
    sent = chosen(own);
    ours = sent === '' ? {} : headersOf(sent, propagation);
  }
  const merged = {};
  for (const name of Object.keys(ours)) {
    if (!(name.toLowerCase() in own)) merged[name] = ours[name];
  }
  return { headers: Object.assign(merged, given), sent, correlation: own['x-correlation-id'] };
}

// The context that a script chose, as a traceparent with a mark; '' if it can't be read.
function chosen(own) {
  if ('traceparent' in own) {
    const found = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/.exec(own.traceparent);
    return found === null ? '' : found[0] + FROM_SCRIPT;
  }
  if ('b3' in own) {
    const found = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d]))?/i.exec(own.b3);
    return found === null ? '' : traceparentOf(found[1], found[2], found[3] !== '0');
  }
  if ('x-b3-traceid' in own) {
    const span = own['x-b3-spanid'] || '';
    const trace = own['x-b3-traceid'];
    if (!/^([0-9a-f]{16}|[0-9a-f]{32})$/i.test(trace) || !/^[0-9a-f]{16}$/i.test(span)) return '';
    return traceparentOf(trace, span, !['0', 'false'].includes(own['x-b3-sampled']));
  }
  const found = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]*:([0-9a-f]{1,2})$/i.exec(own['uber-trace-id']);
  return found === null ? '' : traceparentOf(found[1], found[2], (parseInt(found[3], 16) & 1) === 1);
}

function traceparentOf(trace, span, sampled) {
  const ids = `${trace.padStart(32, '0')}-${span.padStart(16, '0')}`.toLowerCase();
  return `00-${ids}-${sampled ? '01' : '00'}${FROM_SCRIPT}`;
}

function kindOf(name) {
  let kind = known.get(name);
  if (kind === undefined) {
    const lower = name.toLowerCase();
    kind = OURS.has(lower) ? lower : null;
    if (known.size < MOST_KNOWN) known.set(name, kind);
  }
  return kind;
}
