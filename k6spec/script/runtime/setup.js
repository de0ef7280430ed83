// setup() and teardown() of several scripts in one run: each script's teardown and VUs get its own data.

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
