// Clients of k6/experimental/tracing, beside plain requests, and its later home.
import { Client } from 'k6/experimental/tracing';
import tempo from 'https://jslib.k6.io/http-instrumentation-tempo/1.0.1/index.js';
import http from 'k6/http';
import { check } from 'k6';

const traced = new Client({ propagator: 'w3c' });
const other = new tempo.Client({ propagator: 'jaeger' });

export default async function () {
  http.get('SUT/plain');
  const params = { headers: { 'X-My-Header': 'something' } };
  check(traced.post('SUT/posted', JSON.stringify({ name: 'Bert' }), params), {
    w3c: (r) => r.json('traceparent').length === 55 && r.json('x-my-header') === 'something',
  });
  check(other.get('SUT/jaeger'), {
    jaeger: (r) => /^[0-9a-f]{32}:[0-9a-f]{16}:0:1$/.test(r.json('uber-trace-id')) && !r.json('traceparent'),
  });
  check(await traced.asyncRequest('GET', 'SUT/async'), { async: (r) => Boolean(r.json('traceparent')) });
  check(http.get('SUT/plain'), { 'plain again': (r) => Boolean(r.json('traceparent')) });
}
