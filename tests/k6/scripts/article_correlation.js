// The second script of the article, with another host.
import http from 'k6/http';
import { randomString } from 'https://jslib.k6.io/k6-utils/1.2.0/index.js';

export default function () {
  // Generate a correlation ID that appears in both k6 metrics and traces
  const correlationId = randomString(16);

  const params = {
    headers: {
      'X-Correlation-ID': correlationId,
    },
    tags: {
      correlation_id: correlationId,
      test_scenario: 'order-checkout',
    },
  };

  const res = http.post(
    'SUT/checkout',
    JSON.stringify({ items: [1, 2, 3] }),
    params
  );

  // Log slow requests so you can find their traces later
  if (res.timings.duration > 1000) {
    console.log(
      `Slow request: correlation_id=${correlationId} duration=${res.timings.duration}ms`
    );
  }
}
