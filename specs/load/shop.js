// What a customer of the demo shop does: look around, look at past orders, buy something.
import http from 'k6/http';
import { check, sleep } from 'k6';

const shop = __ENV.BASE_URL;
const json = { headers: { 'Content-Type': 'application/json' } };

function anyOf(count) {
  return 1 + Math.floor(Math.random() * count);
}

// One to two seconds between requests.
function think() {
  return 1 + Math.random();
}

// Every fourth basket holds the product that everybody wants.
function sku() {
  return Math.random() < 0.25 ? 'sku-hot' : `sku-${anyOf(198)}`;
}

export default function () {
  const customer = `c${anyOf(2000)}`;

  http.get(`${shop}/products`, { tags: { name: 'GET /products' } });
  sleep(think());

  http.get(`${shop}/orders?customer=${customer}`, { tags: { name: 'GET /orders' } });
  sleep(think());

  const basket = { customer, items: [{ sku: sku(), quantity: 1 }] };
  const bought = http.post(`${shop}/checkout`, JSON.stringify(basket), { ...json, tags: { name: 'POST /checkout' } });
  check(bought, { 'order placed': (answer) => answer.status === 201 });
  sleep(think());
}
