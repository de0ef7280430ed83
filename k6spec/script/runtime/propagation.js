// The headers in which trace context travels: W3C Trace Context and Baggage, B3 single and multi, Jaeger's.
//
// Everything is made from a traceparent, possibly with marks behind it.

import { traceStates } from './ids.js';
import { settings } from '../settings.js';

const TRACE = [3, 35];
const SPAN = [36, 52];
const FLAGS = 53; // the two digits begin here; the lowest bit of the second says "sampled"

const WRITERS = {
  w3c: (headers, traceparent, sampled) => {
    headers.traceparent = traceparent.slice(0, 55);
    headers.tracestate = sampled ? traceStates.sampled : traceStates.unsampled;
  },
  b3: (headers, traceparent, sampled) => {
    headers.b3 = `${traceparent.slice(...TRACE)}-${traceparent.slice(...SPAN)}-${sampled ? 1 : 0}`;
  },
  b3multi: (headers, traceparent, sampled) => {
    headers['X-B3-TraceId'] = traceparent.slice(...TRACE);
    headers['X-B3-SpanId'] = traceparent.slice(...SPAN);
    headers['X-B3-Sampled'] = sampled ? '1' : '0';
  },
  jaeger: (headers, traceparent, sampled) => {
    headers['uber-trace-id'] =
      `${traceparent.slice(...TRACE)}:${traceparent.slice(...SPAN)}:0:${sampled ? 1 : 0}`;
  },
};

export const DEFAULT = propagation(settings.propagators || ['w3c'], settings.baggage);

// How context is written: with these formats, and with baggage entries of which the values are encoded already.
export function propagation(formats, baggage) {
  const writers = formats.map((format) => WRITERS[format]);
  const fixed = {};
  const entries = Object.entries(baggage);
  if (entries.length > 0) fixed.baggage = entries.map((entry) => entry.join('=')).join(',');
  if (formats.includes('jaeger')) {
    for (const [key, value] of entries) fixed[`uberctx-${key}`] = value;
  }
  // The usual case, for which context.js calls nothing here.
  const plain = formats.length === 1 && formats[0] === 'w3c' && entries.length === 0;
  return { formats, baggage, writers, fixed, plain };
}

export function headersOf(traceparent, { writers, fixed }) {
  const headers = { 'X-Correlation-ID': traceparent.slice(...TRACE), ...fixed };
  const sampled = isSampled(traceparent);
  for (const write of writers) write(headers, traceparent, sampled);
  return headers;
}

function isSampled(traceparent) {
  return (parseInt(traceparent.slice(FLAGS, FLAGS + 2), 16) & 1) === 1;
}
