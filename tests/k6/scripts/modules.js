// Relative modules, open(), JSON and CSV data, files of k6/experimental, CommonJS.
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import { open as openFile } from 'k6/experimental/fs';
import csv from 'k6/experimental/csv';
import { fetchOne, prices, read, resolved } from './lib/helper.js';
import common from './lib/common.cjs';

const users = new SharedArray('users', () => JSON.parse(open('data.json')).users);
const text = "import x from './not-a-module.js'; /* nor this: */ require('k6/experimental/tracing')";
const stock = await csv.parse(await openFile('stock.csv'), { skipFirstLine: true });
const whole = read('./stock.csv'); // from the main script, though the function stands elsewhere

export default function () {
  const [one, two, deep] = fetchOne();
  check(null, {
    'data from files': () => users[1] === 'bob' && prices.tea === 3 && resolved.users[0] === 'ann',
    'rows of a table': () => stock[1][0] === 'b' && whole.startsWith('sku'),
    'a CommonJS module': () => common.tea === 3 && common.between(2, 2) === 2,
    'all were answered': () => one.status === 200 && two.url.endsWith('/two') && deep.url.endsWith('/deep'),
    'text stays text': () => text.includes("require('k6/experimental/tracing')"),
  });
}
