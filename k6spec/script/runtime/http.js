// Gives every request of k6/http trace context. Imported before the user's scripts: k6 shares one k6/http
// among all modules of a VU, so the functions replaced here are those that scripts import, by name too.

import http from 'k6/http';
import { batches } from './batch.js';
import { forget, remember, remembered, withContext as imported, withLastingContext } from './context.js';
import { Chain, isRedirect } from './redirects.js';

const { get, head, request, asyncRequest, batch } = http;
const withContext = imported; // a constant of this module is quicker to look up

// Written out for each function: a call more for every request is felt in the request rate.
http.get = (url, params) => {
  const given = withContext(url, params);
  const answer = get(url, given);
  const status = answer.status;
  return status < 300 || status > 399 ? answer : finished(answer, 'GET', url, null, params, given);
};
http.head = (url, params) => {
  const given = withContext(url, params);
  const answer = head(url, given);
  const status = answer.status;
  return status < 300 || status > 399 ? answer : finished(answer, 'HEAD', url, null, params, given);
};
for (const name of ['post', 'put', 'patch', 'del', 'options']) {
  const send = http[name];
  const method = name === 'del' ? 'DELETE' : name.toUpperCase();
  http[name] = (url, body, params) => {
    const given = withContext(url, params);
    const answer = send(url, body, given);
    const status = answer.status;
    return status < 300 || status > 399 ? answer : finished(answer, method, url, body, params, given);
  };
}
http.request = (method, url, body, params) => {
  const given = withContext(url, params);
  const answer = request(method, url, body, given);
  const status = answer.status;
  return status < 300 || status > 399 ? answer : finished(answer, method, url, body, params, given);
};

// k6 copies the metadata when an asynchronous request starts, so those under way at once keep their own.
http.asyncRequest = (method, url, body, params) => {
  const given = withLastingContext(url, params);
  const carried = given === params ? '' : remembered();
  return asyncRequest(method, url, body, given).then(async (first) => {
    let answer = first;
    if (given !== params && isRedirect(answer.status)) {
      const chain = new Chain({ method, url, body, params, given });
      for (let next = chain.next(answer); next !== null; next = chain.next(answer)) {
        carry(next.target ? carried : '');
        answer = await asyncRequest(...next.request);
        answer.request = first.request;
      }
    }
    return answer;
  });
};

http.batch = batches(batch);

// A redirect, or the answer of the last request that it leads to.
function finished(answer, method, url, body, params, given) {
  return given === params ? answer : followed(answer, new Chain({ method, url, body, params, given }));
}

function followed(first, chain) {
  const carried = remembered();
  let answer = first;
  for (let next = chain.next(answer); next !== null; next = chain.next(answer)) {
    carry(next.target ? carried : '');
    answer = request(...next.request);
    answer.request = first.request; // as with k6, the one that the script sent
  }
  carry(carried);
  return answer;
}

function carry(traceparents) {
  if (traceparents === '') {
    forget();
  } else {
    remember(traceparents);
  }
}
