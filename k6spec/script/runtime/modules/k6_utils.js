// What people import from https://jslib.k6.io/k6-utils/, as documented there, without the network.

import { check as k6Check } from 'k6';
import { randomBytes } from 'k6/crypto';
import exec from 'k6/execution';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const UNITS = { d: 86400000, h: 3600000, m: 60000, s: 1000, ms: 1 };
const RATE_EXECUTOR = 'ramping-arrival-rate';

// check() that waits for conditions which are promises or return them.
export async function check(value, conditions, tags) {
  const results = {};
  for (const [name, condition] of Object.entries(conditions)) {
    const met = await (typeof condition === 'function' ? condition(await value) : condition);
    results[name] = () => Boolean(met);
  }
  return k6Check(value, results, tags);
}

// Both ends are among the results.
export function randomIntBetween(min, max) {
  return Math.floor(Math.random() * (max - min + 1) + min);
}

export function randomItem(items) {
  return items[Math.floor(Math.random() * items.length)];
}

export function randomString(length, charset = LETTERS) {
  let text = '';
  for (let i = 0; i < length; i++) text += charset[Math.floor(Math.random() * charset.length)];
  return text;
}

export function uuidv4(secure = false) {
  const bytes = secure
    ? new Uint8Array(randomBytes(16))
    : Uint8Array.from({ length: 16 }, () => Math.floor(Math.random() * 256));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function findBetween(content, left, right, repeat = false) {
  const found = [];
  let from = 0;
  for (;;) {
    const start = content.indexOf(left, from);
    const end = start < 0 ? -1 : content.indexOf(right, start + left.length);
    if (end < 0) return repeat ? found : '';
    const text = content.slice(start + left.length, end);
    if (!repeat) return text;
    found.push(text);
    from = end + right.length;
  }
}

// Stages in which the VUs follow a bell curve, and a last one down to zero.
export function normalDistributionStages(maxVus, durationSeconds, numberOfStages = 10) {
  const width = 3; // standard deviations on each side of the peak
  const steps = Math.max(numberOfStages - 1, 1);
  const stages = [];
  for (let i = 0; i < numberOfStages; i++) {
    const deviations = -width + (2 * width * i) / steps;
    const target = i === numberOfStages - 1 ? 0 : Math.ceil(maxVus * Math.exp(-(deviations ** 2) / 2));
    stages.push({ duration: `${durationSeconds / numberOfStages}s`, target });
  }
  return stages;
}

// Only for executors that have stages.
export function getCurrentStageIndex() {
  return stageNow().index;
}

// Everything that the iteration emits from now on has the tag stage, "0" for the first.
export function tagWithCurrentStageIndex() {
  exec.vu.metrics.tags.stage = String(stageNow().index);
}

// The tag stage_profile: ramp-up, steady or ramp-down.
export function tagWithCurrentStageProfile() {
  const { index, scenario } = stageNow();
  const first = scenario.executor === RATE_EXECUTOR ? scenario.startRate ?? 0 : scenario.startVUs ?? 1;
  const before = index === 0 ? first : scenario.stages[index - 1].target;
  const target = scenario.stages[index].target;
  exec.vu.metrics.tags.stage_profile = target > before ? 'ramp-up' : target < before ? 'ramp-down' : 'steady';
}

function stageNow() {
  const scenario = exec.test.options.scenarios[exec.scenario.name];
  if (!scenario || !scenario.stages) {
    throw new Error('only ramping-vus and ramping-arrival-rate have stages; this scenario has none');
  }
  let left = Date.now() - exec.scenario.startTime;
  const index = scenario.stages.findIndex(({ duration }) => (left -= milliseconds(duration)) < 0);
  return { index: index < 0 ? scenario.stages.length - 1 : index, scenario };
}

function milliseconds(duration) {
  if (typeof duration === 'number') return duration;
  let total = 0;
  for (const [, number, unit] of duration.matchAll(/(\d+(?:\.\d+)?)(d|h|ms|m|s)/g)) total += number * UNITS[unit];
  return total;
}
