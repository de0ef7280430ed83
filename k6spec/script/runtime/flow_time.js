// Think times and pacing, in seconds.

import { sleep } from 'k6';

// The method of Box and Muller; what would be negative is zero.
export function normal(mean, deviation) {
  const size = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return Math.max(0, mean + deviation * size * Math.cos(2 * Math.PI * Math.random()));
}

export function exponential(mean) {
  return -mean * Math.log(1 - Math.random());
}

// Waits until `interval` has passed since `started` (in milliseconds, as Date.now() gives them).
export function pace(started, interval) {
  const left = interval - (Date.now() - started) / 1000;
  if (left > 0) sleep(left);
}
