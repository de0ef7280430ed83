// Gives every request of k6/http trace context. Imported before the user's scripts: k6 shares one k6/http
// among all modules of a VU, so the functions replaced here are those that scripts import, by name too.

import http from 'k6/http';
import { forget, newContext, remember, withContext } from './context.js';

const original = { ...http };

http.get = (url, params) => original.get(url, withContext(url, params));
http.head = (url, params) => original.head(url, withContext(url, params));
for (const method of ['post', 'put', 'patch', 'del', 'options']) {
  const send = original[method];
  http[method] = (url, body, params) => send(url, body, withContext(url, params));
}
http.request = (method, url, body, params) => original.request(method, url, body, withContext(url, params));

// k6 copies the metadata when an asynchronous request starts, so those under way at once keep their own.
http.asyncRequest = (method, url, body, params) =>
  original.asyncRequest(method, url, body, withContext(url, params));

// The requests of a batch share one metadata value: it holds all of their ids, and a tag with the request's
// number tells which is whose.
http.batch = (requests) => {
  if (requests === null || typeof requests !== 'object') return original.batch(requests);
  const ids = [];
  const sent = Array.isArray(requests) ? [] : {};
  for (const key of Object.keys(requests)) sent[key] = inBatch(requests[key], ids);
  if (ids.some((each) => each !== '')) {
    remember(ids.join(','));
  } else {
    forget();
  }
  return original.batch(sent);
};

function inBatch(request, ids) {
  const listed = Array.isArray(request);
  const plain = !listed && (request === null || typeof request !== 'object' || isUrl(request));
  const url = plain ? request : listed ? request[1] : request.url;
  const params = plain ? undefined : listed ? request[3] : request.params;
  const context = newContext(url, params);
  const number = ids.length;
  ids.push(context === null ? '' : context.ids);
  const given = context === null ? params : context.params;
  const tagged = { ...given, tags: { ...(given && given.tags), k6spec_batch: String(number) } };
  if (plain) return { method: 'GET', url, params: tagged };
  if (listed) return [request[0], request[1], request[2], tagged];
  return { ...request, params: tagged };
}

// An http.url`…` object rather than a request that is written as an object.
function isUrl(request) {
  return typeof request.url === 'string' && typeof request.clean_url === 'string';
}
