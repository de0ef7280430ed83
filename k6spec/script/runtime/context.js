// Trace context for one request: its headers, and k6 metadata from which k6spec reads the ids back.
//
// This runs for every request. Looking up exec.vu.metrics.metadata takes as long as all of the rest, so it is
// looked up once a VU.

import exec from 'k6/execution';
import { newTraceparent } from './ids.js';
import { isTarget } from './hosts.js';
import { settings } from '../settings.js';

const TRACE_STATE = 'k6spec=load';
const SAMPLED = '03'; // sampled, random
const UNSAMPLED = '02'; // random
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/;
const FROM_SCRIPT = '*'; // marks a traceparent that the script chose: it may repeat

// Looking up an imported name takes several times as long as a constant of the module.
const makeTraceparent = newTraceparent;
const getsContext = isTarget;
const share = settings.sampling;
let metadata = null;
let sent = ''; // the traceparent of the latest addContext

// The parameters with which to send a request to `url`; all that k6 emits for it will carry its traceparent.
export function withContext(url, params) {
  const given = addContext(url, params);
  if (sent === '') {
    forget();
  } else {
    remember(sent);
  }
  return given;
}

// The same for a request of a batch, whose traceparent is added to `list`: '' where it gets none.
export function withListedContext(url, params, list) {
  const given = addContext(url, params);
  list.push(sent);
  return given;
}

// Every sample that k6 emits from now on carries these traceparents.
export function remember(traceparents) {
  if (metadata === null) lookUp();
  if (metadata !== null) metadata.k6spec = traceparents;
}

export function forget() {
  if (metadata === null) lookUp();
  if (metadata !== null) delete metadata.k6spec;
}

function addContext(url, params) {
  if (!getsContext(typeof url === 'string' ? url : urlOf(url))) {
    sent = '';
    return params;
  }
  const traceparent = makeTraceparent(share >= 1 || Math.random() < share ? SAMPLED : UNSAMPLED);
  const headers = {
    traceparent,
    tracestate: TRACE_STATE,
    'X-Correlation-ID': traceparent.slice(3, 35),
  };
  sent = traceparent;
  if (params === undefined || params === null) return { headers };
  const given = params.headers;
  if (given === undefined || given === null) return { ...params, headers };
  return { ...params, headers: merge(headers, given) };
}

// A script's own context headers win, however they are spelled; `sent` is then its own traceparent.
function merge(headers, given) {
  const merged = { ...headers, ...given };
  const keys = Object.keys(given);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const length = key.length;
    if (length !== 11 && length !== 10 && length !== 16) continue;
    const name = key.toLowerCase();
    if (name === 'traceparent') {
      if (key !== name) delete merged.traceparent;
      const valid = TRACEPARENT.exec(given[key]);
      sent = valid === null ? '' : valid[0] + FROM_SCRIPT;
    } else if (name === 'tracestate') {
      if (key !== name) delete merged.tracestate;
    } else if (name === 'x-correlation-id') {
      if (key !== 'X-Correlation-ID') delete merged['X-Correlation-ID'];
    }
  }
  if (sent !== headers.traceparent && merged['X-Correlation-ID'] === headers['X-Correlation-ID']) {
    merged['X-Correlation-ID'] = sent.slice(3, 35);
  }
  return merged;
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
function urlOf(url) {
  return url !== null && typeof url === 'object' && typeof url.url === 'string' ? url.url : String(url);
}
