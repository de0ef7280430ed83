// Requests share the trace of their iteration or group. Only for loads that ask for it: else each has its own.

import exec from 'k6/execution';
import { shareTraces } from './context.js';
import { newSpanId, newTraceparent } from './ids.js';
import { settings } from '../settings.js';

const TRACE_END = 36; // of '00-<trace id>-'
const SPAN_END = 52;
const MARKS = { iteration: 'i', group: 'g' };

const journeys = new Map(); // group, or '' for the whole iteration -> the traceparent of its first request

shareTraces(settings.tracePer === 'group' ? inGroup : inIteration, () => journeys.clear());

function inIteration() {
  return inJourney('', MARKS.iteration);
}

// A request outside of groups has a trace of its own.
function inGroup() {
  const group = exec.vu.metrics.tags.group;
  return group ? inJourney(group, MARKS.group) : newTraceparent();
}

// The requests of a journey share its trace, and the decision whether that is sampled.
function inJourney(key, mark) {
  const first = journeys.get(key);
  if (first !== undefined) return first.slice(0, TRACE_END) + newSpanId() + first.slice(SPAN_END);
  const traceparent = newTraceparent() + mark;
  journeys.set(key, traceparent);
  return traceparent;
}
