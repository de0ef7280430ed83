// Makes W3C traceparents, and decides for each trace whether it is sampled. This runs for every request, so it
// makes few and small strings.

import { randomBytes } from 'k6/crypto';
import { settings } from '../settings.js';

// Not Math.random: a script that calls k6's randomSeed() would give every VU the same ids, and would itself
// draw other numbers than it does without us.
const REQUESTS_PER_FILL = 500;
const NUMBERS_PER_REQUEST = 3;
const SIZE = REQUESTS_PER_FILL * NUMBERS_PER_REQUEST;
const DIGIT_NINE = 0x100000000; // added so that toString(16) keeps leading zeros, then cut off
const RUN = settings.runKey;

// A trace is sampled if the last 56 bits of its id are at least a threshold, as OpenTelemetry's probability
// sampling decides; here by the upper 24 of them. Those between what the sampling ratio alone would take and the
// threshold are the control share: sent without sampling, and marked, so that the two can be compared.
const LOW_24 = 0xffffff;
const SCALE = LOW_24 + 1;
const CONTROL = 'c';

let numbers = null;
let next = SIZE;
let controlFrom = 0;
let sampledFrom = 0;

// The tracestate of sampled traces, with the threshold unless `all` are sampled; that of the others.
export const traceStates = { all: true, sampled: '', unsampled: 'k6spec=load' };

// Sets the share of traces that are sampled, before a control share is taken from them.
export function sample(share) {
  controlFrom = share > 0 ? Math.min(Math.round((1 - share) * SCALE), LOW_24) : SCALE;
  const kept = share * (1 - settings.control);
  sampledFrom = kept > 0 ? Math.min(Math.round((1 - kept) * SCALE), LOW_24) : SCALE;
  const threshold = sampledFrom.toString(16).padStart(6, '0').replace(/0+$/, '');
  traceStates.all = sampledFrom === 0;
  traceStates.sampled = threshold === '' ? 'k6spec=load' : `k6spec=load,ot=th:${threshold}`;
}

// A trace id is 4 random bytes, the run's 4, and 8 random ones: its right half is random, as the flag 02 of
// Trace Context level 2 says, and samplers that read either half keep working. The span id consists of 8
// of the same bytes; it need only differ from the other span ids of its trace. A mark may follow.
export function newTraceparent() {
  if (next === SIZE) fill();
  const a = (DIGIT_NINE + numbers[next]).toString(16).slice(1);
  const second = numbers[next + 1];
  const b = (DIGIT_NINE + second).toString(16).slice(1);
  const c = (DIGIT_NINE + (numbers[next + 2] || 1)).toString(16).slice(1); // no span id is zero
  next += NUMBERS_PER_REQUEST;
  const random = second & LOW_24;
  if (random >= sampledFrom) return `00-${a}${RUN}${b}${c}-${c}${a}-03`;
  return `00-${a}${RUN}${b}${c}-${c}${a}-02${random >= controlFrom ? CONTROL : ''}`;
}

// 16 hexadecimal digits for another span of a trace.
export function newSpanId() {
  if (next === SIZE) fill();
  const a = (DIGIT_NINE + numbers[next]).toString(16).slice(1);
  const b = (DIGIT_NINE + (numbers[next + 1] || 1)).toString(16).slice(1);
  next += NUMBERS_PER_REQUEST;
  return a + b;
}

function fill() {
  numbers = new Uint32Array(randomBytes(SIZE * 4));
  next = 0;
}

sample(settings.sampling);
