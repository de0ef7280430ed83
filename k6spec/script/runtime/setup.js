// setup(), teardown() and handleSummary() of several scripts in one run: each script's teardown and VUs get its own
// data; of what summaries write, a later script's wins.

export function setups(scripts) {
  return async () => {
    const data = {}; // no list: k6 passes it on as JSON, in which a list has null for undefined
    for (const [index, script] of scripts.entries()) if (script.setup) data[index] = await script.setup();
    return data;
  };
}

export function teardowns(scripts) {
  return async (data) => {
    for (const [index, script] of scripts.entries()) {
      if (script.teardown) await script.teardown(data[index]);
    }
  };
}

export function summaries(scripts) {
  return (data) => Object.assign({}, ...scripts.map((script) => script.handleSummary && script.handleSummary(data)));
}
