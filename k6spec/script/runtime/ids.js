// Trace and span ids: 48 hex digits, the first 32 of them the trace id, the last 16 the span id.
//
// A trace id is 4 random bytes, the run's 4, and 8 random ones, so its right half is random as W3C Trace
// Context level 2 asks (flag 02), and samplers that read either half keep working.

import { randomBytes } from 'k6/crypto';
import { settings } from '../settings.js';

// Not Math.random: a script that calls k6's randomSeed() would give every VU the same ids, and would itself
// draw other numbers than it does without us.
const REQUESTS_PER_FILL = 400;
const NUMBERS_PER_REQUEST = 5;
const SIZE = REQUESTS_PER_FILL * NUMBERS_PER_REQUEST;
const DIGIT_NINE = 0x100000000; // added so that toString(16) keeps leading zeros, then cut off

let numbers = null;
let next = SIZE;

export function newIds() {
  if (next === SIZE) {
    numbers = new Uint32Array(randomBytes(SIZE * 4));
    next = 0;
  }
  const first = (DIGIT_NINE + numbers[next]).toString(16).slice(1);
  const second = (DIGIT_NINE + numbers[next + 1]).toString(16).slice(1);
  const third = (DIGIT_NINE + numbers[next + 2]).toString(16).slice(1);
  const fourth = (DIGIT_NINE + numbers[next + 3]).toString(16).slice(1);
  const fifth = (DIGIT_NINE + (numbers[next + 4] || 1)).toString(16).slice(1); // a span id is never zero
  next += NUMBERS_PER_REQUEST;
  return first + settings.runKey + second + third + fourth + fifth;
}
