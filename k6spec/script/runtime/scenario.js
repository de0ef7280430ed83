// The function that k6 runs for one scenario: the script's own, and the scenario's start told to k6spec.

import exec from 'k6/execution';
import { beginIteration } from './context.js';

// Args: the script's module and its path for messages, the exported function's name, k6's scenario name, and
// what of setup()'s data this script gets.
export function scenario({ module, path, exec: name, scenario: scenarioName, data: pick }) {
  const run = module[name];
  if (typeof run !== 'function') {
    const functions = Object.keys(module).filter((key) => typeof module[key] === 'function');
    const there = functions.length > 0 ? `${functions.join(', ')}: name one with exec=` : 'none';
    throw new Error(`${path} exports no function ${JSON.stringify(name)}; it exports ${there}`);
  }
  let started = 0;
  return (data) => {
    if (started < 2) markStart(started++, scenarioName);
    beginIteration();
    return run(pick(data));
  };
}

// The start goes out as metadata on all that the VU's first iteration emits; a metric of our own would show
// up in the user's summary.
function markStart(iteration, scenarioName) {
  const metadata = exec.vu.metrics.metadata;
  if (iteration === 0) {
    metadata.k6spec_start = `${exec.scenario.startTime} ${scenarioName}`;
  } else {
    delete metadata.k6spec_start;
  }
}
