// The first script of the article, with another host.
import http from 'k6/http';
import { check, sleep } from 'k6';
import tracing from 'k6/experimental/tracing';

// Initialize the tracing instrumentation
tracing.instrumentHTTP({
  propagator: 'w3c',
});

export const options = {
  vus: 50,
  duration: '5m',
  thresholds: {
    http_req_duration: ['p(95)<500'],
  },
};

export default function () {
  // Every request now carries traceparent headers automatically
  const res = http.get('SUT/orders');

  check(res, {
    'status is 200': (r) => r.status === 200,
    'response time < 500ms': (r) => r.timings.duration < 500,
  });

  sleep(1);
}
