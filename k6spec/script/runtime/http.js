// Gives every request of k6/http trace context. Imported before the user's scripts: k6 shares one k6/http
// among all modules of a VU, so the functions replaced here are those that scripts import, by name too.

import http from 'k6/http';
import { forget, remember, withContext as imported, withListedContext } from './context.js';

const { get, head, request, asyncRequest, batch } = http;
const withContext = imported; // a constant of this module is quicker to look up

http.get = (url, params) => get(url, withContext(url, params));
http.head = (url, params) => head(url, withContext(url, params));
for (const method of ['post', 'put', 'patch', 'del', 'options']) {
  const send = http[method];
  http[method] = (url, body, params) => send(url, body, withContext(url, params));
}
http.request = (method, url, body, params) => request(method, url, body, withContext(url, params));

// k6 copies the metadata when an asynchronous request starts, so those under way at once keep their own.
http.asyncRequest = (method, url, body, params) =>
  asyncRequest(method, url, body, withContext(url, params));

// The requests of a batch share one metadata value: it holds all of their traceparents, and a tag with the
// request's number tells which is whose.
http.batch = (requests) => {
  if (requests === null || typeof requests !== 'object') return batch(requests);
  const traceparents = [];
  const numbered = Array.isArray(requests) ? [] : {};
  for (const key of Object.keys(requests)) numbered[key] = inBatch(requests[key], traceparents);
  if (traceparents.some((each) => each !== '')) {
    remember(traceparents.join(','));
  } else {
    forget();
  }
  return batch(numbered);
};

function inBatch(item, traceparents) {
  const listed = Array.isArray(item);
  const plain = !listed && (item === null || typeof item !== 'object' || isUrl(item));
  const url = plain ? item : listed ? item[1] : item.url;
  const params = plain ? undefined : listed ? item[3] : item.params;
  const number = String(traceparents.length);
  const given = withListedContext(url, params, traceparents);
  const tagged = { ...given, tags: { ...(given && given.tags), k6spec_batch: number } };
  if (plain) return { method: 'GET', url, params: tagged };
  if (listed) return [item[0], item[1], item[2], tagged];
  return { ...item, params: tagged };
}

// An http.url`…` object rather than a request that is written as an object.
function isUrl(item) {
  return typeof item.url === 'string' && typeof item.clean_url === 'string';
}
