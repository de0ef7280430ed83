// Makes W3C traceparents, and decides for each trace whether it is sampled. This runs for every request, so it
// makes few and small strings.

import { randomBytes, sha512 } from 'k6/crypto';
import { settings } from '../settings.js';

// Ids are cut out of hexadecimal digits that k6 makes, those of SHA-512 over a random seed and a counter: making
// digits in JavaScript takes longer. Not of Math.random: a script that calls k6's randomSeed() would give every VU
// the same ids, and would itself draw other numbers than it does without us.
const hash = sha512; // a constant of this module is quicker to look up
const DIGITS = 128;
const LAST = DIGITS - 24; // a traceparent takes 24 of them
const RUN = settings.runKey;
const MARK = `k6spec=${settings.mark}`;

// A trace is sampled if the last 56 bits of its id are at least a threshold, as OpenTelemetry's probability
// sampling decides; here by the upper 24 of them. Those between what the sampling ratio alone would take and the
// threshold are the control share: sent without sampling, and marked, so that the two can be compared.
const LOW_24 = 0xffffff;
const SCALE = LOW_24 + 1;
const CONTROL = 'c';

let digits = '';
let next = DIGITS;
let seed = '';
let fills = 0;
let controlFrom = 0;
let sampledFrom = 0;

// The tracestate of sampled traces, with the threshold unless `all` are sampled; that of the others.
export const traceStates = { all: true, sampled: '', unsampled: MARK };

// Sets the share of traces that are sampled, before a control share is taken from them.
export function sample(share) {
  controlFrom = share > 0 ? Math.min(Math.round((1 - share) * SCALE), LOW_24) : SCALE;
  const kept = share * (1 - settings.control);
  sampledFrom = kept > 0 ? Math.min(Math.round((1 - kept) * SCALE), LOW_24) : SCALE;
  const threshold = sampledFrom.toString(16).padStart(6, '0').replace(/0+$/, '');
  traceStates.all = sampledFrom === 0;
  traceStates.sampled = threshold === '' ? MARK : `${MARK},ot=th:${threshold}`;
}

// A trace id is 4 random bytes, the run's 4, and 8 random ones: its right half is random, as the flag 02 of
// Trace Context level 2 says, and samplers that read either half keep working. The span id consists of 8
// of the same bytes; it need only differ from the other span ids of its trace. A mark may follow.
export function newTraceparent() {
  if (next > LAST) fill();
  const left = digits.substring(next, next + 8);
  const right = digits.substring(next + 8, next + 24);
  const span = digits.substring(next + 4, next + 20);
  next += 24;
  if (sampledFrom === 0) return `00-${left}${RUN}${right}-${span}-03`;
  const random = parseInt(right.substring(2, 8), 16);
  if (random >= sampledFrom) return `00-${left}${RUN}${right}-${span}-03`;
  return `00-${left}${RUN}${right}-${span}-02${random >= controlFrom ? CONTROL : ''}`;
}

// 16 hexadecimal digits for another span of a trace.
export function newSpanId() {
  if (next > LAST) fill();
  next += 24;
  return digits.substring(next - 24, next - 8);
}

function fill() {
  if (seed === '') seed = hash(randomBytes(64), 'hex');
  digits = hash(seed + fills, 'hex');
  fills += 1;
  next = 0;
}

sample(settings.sampling);
