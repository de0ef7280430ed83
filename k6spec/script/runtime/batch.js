// http.batch: each request gets its own context.
//
// The requests of a batch share one metadata value: it holds all of their traceparents, and a tag with the
// request's number tells which is whose.

import { forget, rememberAll, withListedContext } from './context.js';
import { Chain, isRedirect } from './redirects.js';

// http.batch, in terms of k6's own.
export function batches(batch) {
  return (requests) => {
    if (requests === null || typeof requests !== 'object') return batch(requests);
    const sent = { traceparents: [], owns: [], chains: {} };
    const numbered = Array.isArray(requests) ? [] : {};
    for (const key of Object.keys(requests)) numbered[key] = inBatch(requests[key], key, sent);
    carry(sent.traceparents, sent.owns);
    const answers = batch(numbered);
    follow(batch, answers, sent);
    return answers;
  };
}

// The redirects of all requests are followed together, a hop at a time.
function follow(batch, answers, { traceparents, owns, chains }) {
  const first = {};
  let round = hopsOf(Object.keys(chains), answers, chains);
  while (round.length > 0) {
    const listed = [...traceparents];
    const requests = {};
    for (const { key, next } of round) {
      requests[key] = next.request;
      if (!next.target) listed[chains[key].number] = '';
      first[key] = first[key] || answers[key].request;
    }
    carry(listed, owns);
    const later = batch(requests);
    for (const { key } of round) {
      later[key].request = first[key];
      answers[key] = later[key];
    }
    round = hopsOf(Object.keys(requests), answers, chains);
    if (round.length === 0) carry(traceparents, owns);
  }
}

function hopsOf(keys, answers, chains) {
  return keys
    // Behind a request that k6 refuses a batch's answers are null.
    .filter((key) => chains[key].chain !== null && answers[key] !== null && isRedirect(answers[key].status))
    .map((key) => ({ key, next: chains[key].chain.next(answers[key]) }))
    .filter(({ next }) => next !== null);
}

function carry(traceparents, owns) {
  if (traceparents.some((each) => each !== '')) {
    rememberAll(traceparents, owns);
  } else {
    forget();
  }
}

function inBatch(item, key, sent) {
  const listed = Array.isArray(item);
  const plain = !listed && (item === null || typeof item !== 'object' || isUrl(item));
  const method = plain ? 'GET' : listed ? item[0] : item.method || 'GET';
  const url = plain ? item : listed ? item[1] : item.url;
  const bodiless = !listed && ['GET', 'HEAD'].includes(String(method).toUpperCase());
  const body = plain || bodiless ? null : listed ? item[2] : item.body;
  const params = plain ? undefined : listed ? item[3] : item.params;
  const number = sent.traceparents.length;
  const given = withListedContext(url, params, sent.traceparents, sent.owns);
  const tags = { ...(given && given.tags), k6spec_batch: String(number) };
  const tagged = { ...given, tags };
  const chain = given === params ? null : new Chain({ method, url, body, params, given: tagged });
  sent.chains[key] = { number, chain };
  if (plain) return { method: 'GET', url, params: tagged };
  if (listed) return [item[0], item[1], item[2], tagged];
  return { ...item, params: tagged };
}

// An http.url`…` object rather than a request that is written as an object.
function isUrl(item) {
  return typeof item.url === 'string' && typeof item.clean_url === 'string';
}
