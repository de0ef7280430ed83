// Links and forms of pages.
import http from 'k6/http';
import { check } from 'k6';

export default async function () {
  const page = http.get('SUT/page');
  check(page, {
    'still a response': (r) => r.status === 200 && r.html('a').attr('href') === '/clicked',
    'as text': (r) => JSON.parse(JSON.stringify(r)).status === 200,
  });
  check(page.clickLink({ selector: 'a' }), { clicked: (r) => r.url.endsWith('/clicked') });
  const sent = page.submitForm({ fields: { b: 'new' }, params: { headers: { Own: '1' } } });
  check(sent, {
    'posted to the action': (r) => r.request.method === 'POST' && r.url.endsWith('/submitted?old=1'),
    'with its fields': (r) => r.request.body === 'a=1&b=new&go=yes&q=x+y',
    'and parameters': (r) => r.json('own') === '1',
  });
  const found = page.submitForm({ formSelector: '#search' });
  check(found, { 'got with a query': (r) => r.request.method === 'GET' && r.url.endsWith('/found?q=x+y') });
  const [listed] = http.batch(['SUT/page']);
  listed.clickLink();
  (await http.asyncRequest('GET', 'SUT/page')).clickLink({ params: { tags: { name: 'clicked' } } });
  try {
    page.clickLink({ selector: 'nav a' });
  } catch (error) {
    check(error, { "k6's own words": (e) => String(e).includes("no element found for selector 'nav a'") });
  }
}
