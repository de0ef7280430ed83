// Makes W3C traceparent headers. This runs for every request, so it makes few and small strings.

import { randomBytes } from 'k6/crypto';
import { settings } from '../settings.js';

// Not Math.random: a script that calls k6's randomSeed() would give every VU the same ids, and would itself
// draw other numbers than it does without us.
const REQUESTS_PER_FILL = 500;
const NUMBERS_PER_REQUEST = 3;
const SIZE = REQUESTS_PER_FILL * NUMBERS_PER_REQUEST;
const DIGIT_NINE = 0x100000000; // added so that toString(16) keeps leading zeros, then cut off
const RUN = settings.runKey;

let numbers = null;
let next = SIZE;

// A trace id is 4 random bytes, the run's 4, and 8 random ones: its right half is random, as the flag 02 of
// Trace Context level 2 says, and samplers that read either half keep working. The span id consists of 8
// of the same bytes; it need only differ from the other span ids of its trace.
export function newTraceparent(flags) {
  if (next === SIZE) {
    numbers = new Uint32Array(randomBytes(SIZE * 4));
    next = 0;
  }
  const a = (DIGIT_NINE + numbers[next]).toString(16).slice(1);
  const b = (DIGIT_NINE + numbers[next + 1]).toString(16).slice(1);
  const c = (DIGIT_NINE + (numbers[next + 2] || 1)).toString(16).slice(1); // no span id is zero
  next += NUMBERS_PER_REQUEST;
  return `00-${a}${RUN}${b}${c}-${c}${a}-${flags}`;
}
