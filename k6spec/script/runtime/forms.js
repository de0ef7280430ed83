// Response.submitForm() and Response.clickLink(): k6's own send their request past the functions of k6/http that
// give it context, so here are the same in terms of http.request. Imported only for scripts that use them,
// after http.js.

import http from 'k6/http';
import { resolve } from './urls.js';

for (const name of ['get', 'head', 'post', 'put', 'patch', 'del', 'options', 'request']) {
  const send = http[name];
  http[name] = (...args) => dressed(send(...args));
}

const { asyncRequest, batch } = http;
http.asyncRequest = (...args) => asyncRequest(...args).then(dressed);
http.batch = (requests) => {
  const answers = batch(requests);
  // k6's own list or mapping takes nothing but k6's own responses.
  if (Array.isArray(answers)) return Array.from(answers, (answer) => dressed(answer));
  return Object.fromEntries(Object.entries(answers).map(([key, answer]) => [key, dressed(answer)]));
};

// A response with these two; all else is k6's.
function dressed(response) {
  if (response === null) return null; // in a batch, behind a request that k6 refuses
  return Object.create(response, {
    clickLink: { value: (options) => clickLink(response, options || {}) },
    submitForm: { value: (options) => submitForm(response, options || {}) },
    toJSON: { value: () => response },
  });
}

function clickLink(response, options) {
  const link = response.html(options.selector || 'a[href]');
  const href = link.size() > 0 ? link.attr('href') : undefined;
  if (href === undefined) return response.clickLink(options); // fails in k6's words
  return http.request('GET', resolve(response.url, href), null, options.params);
}

function submitForm(response, options) {
  const form = response.html(options.formSelector || 'form');
  if (form.size() === 0) return response.submitForm(options);
  const method = String(form.attr('method') || 'GET').toUpperCase();
  const action = form.attr('action');
  const url = action === undefined ? response.url : resolve(response.url, action);
  const values = form.serializeObject();
  const submit = form.find(options.submitSelector || '[type="submit"]');
  const name = submit.attr('name');
  const value = submit.val();
  if (name !== undefined && value !== undefined) values[name] = value;
  Object.assign(values, options.fields);
  if (method !== 'GET') return http.request(method, url, values, options.params);
  return http.request('GET', `${url.replace(/[?#][^]*$/, '')}?${query(values)}`, null, options.params);
}

function query(values) {
  const encode = (text) => encodeURIComponent(String(text)).replace(/%20/g, '+').replace(/[!'()*]/g, escaped);
  const sorted = Object.keys(values).sort();
  return sorted.map((name) => `${encode(name)}=${encode(values[name])}`).join('&');
}

function escaped(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
