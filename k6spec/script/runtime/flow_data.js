// Which row of shared data an iteration draws, and CSV files.

import exec from 'k6/execution';

// The next, whichever VU it is.
export function sequential(rows) {
  return exec.scenario.iterationInTest % rows.length;
}

// Each VU goes through all rows by itself.
export function per_vu(rows) {
  return exec.vu.iterationInScenario % rows.length;
}

// Each VU keeps one row.
export function own(rows) {
  return (exec.vu.idInTest - 1) % rows.length;
}

export function random(rows) {
  return Math.floor(Math.random() * rows.length);
}

// No row twice in the scenario.
export function unique(rows, name) {
  const index = exec.scenario.iterationInTest;
  if (index >= rows.length) {
    const all = `all ${rows.length} rows of the data ${JSON.stringify(name)} are used`;
    exec.test.abort(`${all}: give more, or choose a pick that repeats them`);
  }
  return index;
}

// The rows of a CSV file (RFC 4180) as objects of texts, by the names in its header.
export function csv(text, delimiter = ',') {
  const [header, ...lines] = records(text.replace(/^\uFEFF/, ''), delimiter);
  return lines.map((line, number) => {
    if (line.length !== header.length) {
      throw new Error(`CSV: row ${number + 1} has ${line.length} values, the header has ${header.length}`);
    }
    return Object.fromEntries(header.map((name, column) => [name, line[column]]));
  });
}

function records(text, delimiter) {
  const found = [];
  let record = [];
  let at = 0;
  while (at < text.length) {
    const quoted = text[at] === '"';
    let value = '';
    if (quoted) {
      at++;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw new Error('CSV: a quoted value has no end');
        value += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        value += '"';
        at++;
      }
    }
    const begin = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
    value += text.slice(begin, at);
    record.push(value);
    if (text[at] === delimiter) {
      at++;
      if (at < text.length) continue;
      record.push('');
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    const blank = record.length === 1 && record[0] === '' && !quoted;
    if (!blank) found.push(record);
    record = [];
  }
  return found;
}
