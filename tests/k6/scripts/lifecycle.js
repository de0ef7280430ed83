// Options, setup and teardown, groups, tags, checks, custom metrics.
import http from 'k6/http';
import exec from 'k6/execution';
import { check, group, fail } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';

const bought = new Counter('bought');
const depth = new Gauge('depth');
const found = new Rate('found');
const size = new Trend('size');

export const options = {
  scenarios: { theirs: { executor: 'shared-iterations', iterations: 1000, vus: 1 } },
  tags: { team: 'checkout' },
  userAgent: 'our agent',
  thresholds: { bought: ['count>0'], 'http_req_duration{step:pay}': ['p(95)<60000'], checks: ['rate==1'] },
};

export function setup() {
  return { token: http.get('SUT/login').json()['user-agent'] };
}

export default function (data) {
  check(data, { 'setup gave data': ({ token }) => token === 'our agent' });
  group('shop', () => {
    group('pay', () => {
      const answer = http.post('SUT/pay', { a: 1, b: ['x', 'y'] }, { tags: { step: 'pay' } });
      check(answer, { 'a form': (r) => r.json('content-type') === 'application/x-www-form-urlencoded' });
      size.add(answer.body.length);
    });
    depth.add(exec.vu.idInTest);
  });
  exec.vu.metrics.tags.later = 'yes';
  const refused = http.get('SUT/status/404', { responseCallback: http.expectedStatuses(404) });
  found.add(refused.status !== 404);
  bought.add(1, { step: 'pay' });
  if (refused.status !== 404) fail('not refused');
}

export function teardown({ token }) {
  http.del(`SUT/logout/${encodeURIComponent(token)}`);
}
