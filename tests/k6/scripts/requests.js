// Every way to send a request.
import http, { batch, asyncRequest, url } from 'k6/http';
import { check } from 'k6';

export default async function () {
  const jar = http.cookieJar();
  jar.set('SUT', 'mine', 'yes');
  check(http.get('SUT/cookies', { cookies: { more: '1' } }), {
    cookies: (r) => r.json('cookie').includes('mine=yes') && r.json('cookie').includes('more=1'),
  });
  http.get(url`SUT/items/${7}`);
  http.head('SUT/head');
  http.options('SUT/options', null, { headers: { 'Content-Type': 'text/plain' } });
  http.patch('SUT/patch', JSON.stringify({ a: 1 }), Object.freeze({ headers: Object.freeze({ A: '1' }) }));
  http.post('SUT/file', { file: http.file('content', 'a.txt', 'text/plain'), more: 'x' });
  http.put('SUT/binary', new Uint8Array([1, 2, 3]).buffer, { responseType: 'binary' });
  http.request('DELETE', 'SUT/gone', null, { responseType: 'none', timeout: '10s' });
  const answers = batch([
    'SUT/b0',
    ['POST', 'SUT/b1', 'body', { tags: { kind: 'post' } }],
    { method: 'GET', url: 'SUT/b2', params: { headers: { Two: '2' } } },
    url`SUT/b3/${1}`,
    'OTHER/b4',
  ]);
  check(answers, {
    'answers in order': (all) => [0, 1, 2, 3].every((i) => all[i].url.includes(`/b${i}`)) && all.length === 5,
    'params kept': (all) => all[2].json('two') === '2',
  });
  const named = batch({ a: 'SUT/a', b: ['PUT', 'SUT/b', 'x'] });
  check(named, { 'by name': (all) => all.a.url.endsWith('/a') && all.b.request.method === 'PUT' });
  const together = await Promise.all([
    asyncRequest('GET', 'SUT/async1'),
    asyncRequest('POST', 'SUT/async2', 'x'),
    http.asyncRequest('GET', 'OTHER/async3'),
  ]);
  check(together, { 'all at once': (all) => all.every((each) => each.status === 200) });
  check(await asyncRequest('GET', 'SUT/status/500').catch(() => null), { 'a failure': (r) => r.status === 500 });
}
