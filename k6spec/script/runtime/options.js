// The options of a run: those of the scripts, but for what the declared load takes the place of.

import { settings } from '../settings.js';

// executionSegment runs a share of the load only; paused and linger wait for a person.
const DECLARED = [
  'scenarios',
  'vus',
  'duration',
  'iterations',
  'stages',
  'executionSegment',
  'executionSegmentSequence',
  'paused',
  'linger',
];

// Of several scripts the later one's options win, and their thresholds are joined with those that stop the load.
export function options(scripts, scenarios, stops = {}) {
  const merged = {};
  const thresholds = {};
  for (const script of scripts) Object.assign(merged, script.options);
  for (const own of [...scripts.map((script) => (script.options || {}).thresholds), stops]) {
    for (const [metric, list] of Object.entries(own || {})) {
      thresholds[metric] = [...(thresholds[metric] || []), ...[].concat(list)];
    }
  }
  for (const key of DECLARED) delete merged[key];
  if (Object.keys(thresholds).length > 0) merged.thresholds = thresholds;
  if (settings.blockedIPs.length > 0) {
    merged.blacklistIPs = [...(merged.blacklistIPs || []), ...settings.blockedIPs];
  }
  return { ...merged, scenarios };
}
