// Other ways to import and to send, a configured agent, metadata and tags of the script's own, timers, a summary.
import * as everything from 'k6/http';
import { default as http, get as fetch, CookieJar } from 'k6/http';
import { check, group, randomSeed } from 'k6';
import exec from 'k6/execution';
import { setTimeout } from 'k6/timers';
import { Trend } from 'k6/metrics';
export { options } from './lib/options.js';

const spent = new Trend('spent', true);
randomSeed(7);
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }, 404));

export default async function () {
  exec.vu.metrics.metadata.mine = `${exec.vu.idInTest}-${exec.vu.iterationInInstance}`;
  exec.vu.metrics.tags.who = 'me';
  everything.get('SUT/namespace');
  fetch('SUT/named');
  check(http.get('SUT/status/404'), { 'an expected status': (r) => r.status === 404 });
  const jar = new CookieJar();
  jar.set('SUT', 'x', 'y');
  check(http.get('SUT/jar', { jar }), { 'a jar of its own': (r) => r.json('cookie').includes('x=y') });
  check(http.get('SUT/hop/302?to=/hop/307?to=/end'), { 'redirected twice': (r) => r.url.endsWith('/end') });
  check(http.get('SUT/redirect', { redirects: 0 }), { 'not redirected': (r) => r.status === 302 });
  check(http.get('SUT/cookies'), { 'a cookie that an answer set': (r) => r.json('cookie').includes('hop=1') });
  http.post('SUT/comp', 'a'.repeat(100), { compression: 'gzip' });
  group('outer', () => group('inner', () => http.get('SUT/grouped')));
  await new Promise((done) => {
    setTimeout(() => {
      http.get('SUT/timer');
      done();
    }, 20);
  });
  setTimeout(() => http.get('SUT/late'), 10); // the iteration lasts until it has run
  spent.add(http.get('SUT/spent').timings.duration);
  const [hop, lower, listed] = http.batch([
    { method: 'GET', url: 'SUT/hop/302?to=/end' },
    { method: 'get', url: 'SUT/lower' },
    ['GET', 'SUT/listed', null, { tags: { name: 'listed' } }],
  ]);
  check(null, { 'batched': () => [hop, lower, listed].every((r) => r.status === 200) && hop.url.endsWith('/end') });
}

export function handleSummary(data) {
  return { 'theirs.json': JSON.stringify({ checks: data.metrics.checks.values.rate, setup: data.setup_data }) };
}
