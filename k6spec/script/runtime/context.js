// Trace context for one request: its headers, and k6 metadata from which k6spec reads the ids back.
//
// This runs for every request. Looking up exec.vu.metrics.metadata costs ten times as much as all of the
// rest, so it is looked up once a VU.

import exec from 'k6/execution';
import { newIds } from './ids.js';
import { isTarget } from './hosts.js';
import { settings } from '../settings.js';

const TRACE_STATE = 'k6spec=load';
const SAMPLED = '03'; // sampled, random
const UNSAMPLED = '02'; // random
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;
const FROM_SCRIPT = '*'; // marks ids that the script chose: they may repeat

let metadata = null;

// The parameters with which to send a request to `url`, and k6spec's metadata set for it.
export function withContext(url, params) {
  const context = newContext(url, params);
  if (context === null) {
    forget();
    return params;
  }
  remember(context.ids);
  return context.params;
}

// { ids, params } for a request to `url`; null where it gets no context.
export function newContext(url, params) {
  const address = typeof url === 'string' ? url : urlOf(url);
  if (!isTarget(address)) return null;
  const ids = newIds();
  const flags = settings.sampling >= 1 || Math.random() < settings.sampling ? SAMPLED : UNSAMPLED;
  const traceId = ids.slice(0, 32);
  const traceparent = '00-' + traceId + '-' + ids.slice(32) + '-' + flags;
  if (params === undefined || params === null) {
    const headers = { traceparent, tracestate: TRACE_STATE, 'X-Correlation-ID': traceId };
    return { ids: ids + flags, params: { headers } };
  }
  const given = params.headers;
  if (given === undefined || given === null) {
    const headers = { traceparent, tracestate: TRACE_STATE, 'X-Correlation-ID': traceId };
    return { ids: ids + flags, params: { ...params, headers } };
  }
  const headers = { traceparent, tracestate: TRACE_STATE, 'X-Correlation-ID': traceId, ...given };
  const own = scriptsOwn(headers, given, traceId);
  return { ids: own === undefined ? ids + flags : own, params: { ...params, headers } };
}

// Every sample that k6 emits from now on carries these ids.
export function remember(ids) {
  slot().k6spec = ids;
}

export function forget() {
  delete slot().k6spec;
}

// A script's own context headers win, however they are spelled. Returns the ids of its own traceparent (''
// if it isn't valid), undefined if it has none.
function scriptsOwn(headers, given, traceId) {
  const keys = Object.keys(given);
  let own;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const length = key.length;
    if (length !== 11 && length !== 10 && length !== 16) continue;
    const name = key.toLowerCase();
    if (name === 'traceparent') {
      if (key !== name) delete headers.traceparent;
      const found = TRACEPARENT.exec(given[key]);
      own = found === null ? '' : found[1] + found[2] + found[3] + FROM_SCRIPT;
    } else if (name === 'tracestate') {
      if (key !== name) delete headers.tracestate;
    } else if (name === 'x-correlation-id') {
      if (key !== 'X-Correlation-ID') delete headers['X-Correlation-ID'];
    }
  }
  if (own && headers['X-Correlation-ID'] === traceId) headers['X-Correlation-ID'] = own.slice(0, 32);
  return own;
}

// In the init context there is no VU yet; k6 itself then refuses the request, in its own words.
function slot() {
  if (metadata !== null) return metadata;
  try {
    metadata = exec.vu.metrics.metadata;
  } catch {
    return {};
  }
  return metadata;
}

// http.url`…` gives an object whose url holds the values.
function urlOf(url) {
  return url !== null && typeof url === 'object' && typeof url.url === 'string' ? url.url : String(url);
}
