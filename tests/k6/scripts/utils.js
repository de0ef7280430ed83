// What people use of k6-utils.
import http from 'k6/http';
import exec from 'k6/execution';
import { check as k6check } from 'k6';
import * as utils from 'https://jslib.k6.io/k6-utils/1.6.0/index.js';

const { findBetween, normalDistributionStages, randomIntBetween, randomItem, randomString, uuidv4 } = utils;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export default async function () {
  const numbers = Array.from({ length: 300 }, () => randomIntBetween(1, 3));
  k6check(null, {
    'whole numbers, both ends among them': () => [1, 2, 3].every((n) => numbers.includes(n)) && new Set(numbers).size === 3,
    'items': () => ['a', 'b'].includes(randomItem(['a', 'b'])),
    'strings': () => /^[a-z]{12}$/.test(randomString(12)) && /^[xy]{5}$/.test(randomString(5, 'xy')),
    'ids': () => UUID.test(uuidv4()) && UUID.test(uuidv4(true)) && uuidv4() !== uuidv4(),
    'between': () => findBetween('<a>1</a><a>2</a>', '<a>', '</a>') === '1' && findBetween('x', '<', '>') === '',
    'all between': () => findBetween('<a>1</a><a>2</a>', '<a>', '</a>', true).join() === '1,2',
    'a bell': () => {
      const stages = normalDistributionStages(10, 20, 5);
      const targets = stages.map(({ target }) => target);
      return stages.length === 5 && targets[0] === 1 && targets[2] === 10 && targets[4] === 0;
    },
  });
  await utils.check(http.get('SUT/answer'), { 'an awaited check': async (r) => r.status === 200 });
  let refused = '';
  try {
    utils.getCurrentStageIndex();
  } catch (error) {
    refused = error.message;
  }
  k6check(null, { 'no stages here': () => refused.includes('stages') && Boolean(exec.scenario.name) });
}
