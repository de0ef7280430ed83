// Browsers of k6/browser: k6 starts one for a scenario whose options say of which type. Only for scripts that import it.

// The options of a run, in which a declared scenario has the browser of the script's own scenario of its name, or else
// of one that runs the same function.
//
// Args: the options, and for each scenario the script's module and the function that it runs.
export function withBrowsers(options, scenarios) {
  for (const [name, [script, exec]] of Object.entries(scenarios)) {
    const all = (script.options || {}).scenarios || {};
    const same = Object.values(all).find((own) => own.options && (own.exec || 'default') === exec);
    const { options: own } = all[name] || same || {};
    if (own) options.scenarios[name].options = own;
  }
  return options;
}
