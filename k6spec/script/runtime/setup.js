// setup(), teardown() and handleSummary() of several scripts in one run: each script's teardown and VUs get its own
// data; of what summaries write, a later script's wins.

export function setups(scripts) {
  return async () => {
    const data = [];
    for (const script of scripts) data.push(script.setup ? await script.setup() : undefined);
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
