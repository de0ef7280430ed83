// What k6/experimental/tracing was (removed in k6 0.55), and what jslib's http-instrumentation-tempo is. k6spec
// gives every request context; these choose the propagator and the sampling ratio, where the spec declares none.

import http from 'k6/http';
import { propagate } from '../context.js';
import { sample } from '../ids.js';
import { DEFAULT, propagation } from '../propagation.js';
import { settings } from '../../settings.js';

const FORMATS = { w3c: 'w3c', jaeger: 'jaeger', b3: 'b3' };
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'del', 'options', 'request', 'asyncRequest'];

export function instrumentHTTP(options) {
  const read = checked(options);
  propagate(propagationOf(read));
  if (read.sampling !== undefined && settings.sampling === 1) sample(read.sampling);
}

// Sends with a propagator of its own.
export class Client {
  constructor(options) {
    let used = propagationOf(checked(options));
    this.configure = (other) => {
      used = propagationOf(checked(other));
    };
    for (const name of METHODS) this[name] = (...args) => propagate(used, () => http[name](...args));
    this.delete = this.del;
  }
}

export default { Client, instrumentHTTP };

function checked(options) {
  const { propagator = 'w3c', sampling, baggage } = options || {};
  if (FORMATS[propagator] === undefined) {
    throw new Error(`tracing: propagator ${JSON.stringify(propagator)} is none of ${Object.keys(FORMATS).join(', ')}`);
  }
  if (sampling !== undefined && !(typeof sampling === 'number' && sampling >= 0 && sampling <= 1)) {
    throw new Error(`tracing: sampling is ${JSON.stringify(sampling)}; write a number from 0 to 1`);
  }
  return { propagator, sampling, baggage };
}

function propagationOf({ propagator, baggage }) {
  const entries = Object.entries(baggage || {}).map(([key, value]) => [key, encodeURIComponent(String(value))]);
  return propagation(settings.propagators || [FORMATS[propagator]], {
    ...Object.fromEntries(entries),
    ...DEFAULT.baggage,
  });
}
