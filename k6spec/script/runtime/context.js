// Trace context for one request: its headers, and k6 metadata from which k6spec reads the ids back.
//
// This runs for every request. Looking up exec.vu.metrics.metadata takes as long as all of the rest, so it is
// looked up once a VU.

import exec from 'k6/execution';
import { isTarget } from './hosts.js';
import { newTraceparent, traceStates } from './ids.js';
import { holdsContext, merge } from './own_context.js';
import { DEFAULT, headersOf } from './propagation.js';

// Looking up an imported name takes several times as long as a constant of the module.
const getsContext = isTarget;
const hasOwnContext = holdsContext;
const states = traceStates;
const UNMARKED = 55; // the length of a traceparent without marks
const OWN = '\n'; // what a script set itself follows the traceparents

let makeTraceparent = newTraceparent;
let beginJourneys = null;
let propagation = DEFAULT;
let plain = DEFAULT.plain;
let metadata = null;
let sent = ''; // the traceparent of the latest addContext
let own = null; // the script's own correlation id of the latest addContext, and the tags that repeat it

// k6 has read a request's headers when the script goes on: these serve one request after another.
const reused = { traceparent: '', tracestate: '', 'X-Correlation-ID': '' };

// The parameters with which to send a request to `url` now, before the next one gets its own; all that k6 emits
// for it will carry its traceparent. They are `params` itself where the host gets no context.
export function withContext(url, params) {
  const given = addContext(url, params, reused);
  if (sent === '') {
    forget();
  } else if (own === null && metadata !== null) {
    metadata.k6spec = sent;
  } else {
    remember(own === null ? sent : sent + OWN + JSON.stringify([own]));
  }
  return given;
}

// The same, for parameters that are looked at later.
export function withLastingContext(url, params) {
  const given = withContext(url, params);
  return given === params ? params : { ...given, headers: { ...given.headers } };
}

// The same for a request of a batch: what it sent goes to the lists, '' and null where there is nothing.
export function withListedContext(url, params, traceparents, owns) {
  const given = addContext(url, params, {});
  traceparents.push(sent);
  owns.push(own);
  return given;
}

// Every sample that k6 emits from now on carries these traceparents.
export function remember(traceparents) {
  if (metadata === null) lookUp();
  if (metadata !== null) metadata.k6spec = traceparents;
}

export function rememberAll(traceparents, owns) {
  const text = traceparents.join(',');
  remember(owns.some((each) => each !== null) ? text + OWN + JSON.stringify(owns) : text);
}

// What the samples carry now; '' for nothing.
export function remembered() {
  if (metadata === null) lookUp();
  return (metadata !== null && metadata.k6spec) || '';
}

export function forget() {
  if (metadata === null) lookUp();
  if (metadata !== null) delete metadata.k6spec;
}

export function beginIteration() {
  forget();
  if (beginJourneys !== null) beginJourneys();
}

// Requests get the traceparents that `make` makes from now on; `begin` is told of each iteration's begin.
export function shareTraces(make, begin) {
  makeTraceparent = make;
  beginJourneys = begin;
}

// Uses another propagation from now on, or while `send` runs.
export function propagate(other, send) {
  const usual = propagation;
  use(other);
  if (send === undefined) return undefined;
  try {
    return send();
  } finally {
    use(usual);
  }
}

function use(other) {
  propagation = other;
  plain = other.plain;
}

// `room` is where the headers may be written.
function addContext(url, params, room) {
  own = null;
  if (!getsContext(typeof url === 'string' ? url : urlOf(url))) {
    sent = '';
    return params;
  }
  const traceparent = makeTraceparent();
  sent = traceparent;
  let headers = room;
  if (plain && traceparent.length === UNMARKED) {
    headers.traceparent = traceparent;
    headers.tracestate = states.all || traceparent.endsWith('3') ? states.sampled : states.unsampled;
    headers['X-Correlation-ID'] = traceparent.substring(3, 35);
  } else {
    headers = headersOf(traceparent, propagation);
  }
  // k6 would send our headers along a redirect to any host: see redirects.js.
  if (params === undefined || params === null) return { headers, redirects: 0 };
  const given = params.headers;
  if (given === undefined || given === null) return { ...params, headers, redirects: 0 };
  const names = Object.keys(given);
  if (!hasOwnContext(names)) return { ...params, headers: { ...headers, ...given }, redirects: 0 };
  const merged = merge(headers, given, traceparent, propagation);
  sent = merged.sent;
  const tags = merged.correlation === undefined ? params.tags : withoutCopies(merged.correlation, params.tags);
  return { ...params, headers: merged.headers, ...(tags && { tags }), redirects: 0 };
}

// A tag that repeats a request's own correlation id makes k6 keep a time series for each request. k6spec takes it
// from the metadata instead, and puts it back into its table.
function withoutCopies(correlation, tags) {
  const copies = tags ? Object.keys(tags).filter((name) => String(tags[name]) === correlation) : [];
  own = [correlation, copies];
  if (copies.length === 0) return tags;
  const kept = { ...tags };
  for (const name of copies) delete kept[name];
  return kept;
}

// In the init context there is no VU yet; k6 then refuses the request in its own words.
function lookUp() {
  try {
    metadata = exec.vu.metrics.metadata;
  } catch {
    metadata = null;
  }
}

// http.url`…` gives an object whose url holds the values.
export function urlOf(url) {
  return url !== null && typeof url === 'object' && typeof url.url === 'string' ? url.url : String(url);
}
