// What a customer of the demo shop does next: look around, look at past orders, or buy something.
import http from 'k6/http';
import { check, sleep } from 'k6';

const shop = __ENV.BASE_URL;
const json = { headers: { 'Content-Type': 'application/json' } };

function anyOf(count) {
  return 1 + Math.floor(Math.random() * count);
}

// One in eight baskets holds the product that everybody wants.
function sku() {
  return anyOf(8) === 1 ? 'sku-hot' : `sku-${anyOf(198)}`;
}

function lookAround() {
  http.get(`${shop}/products`, { tags: { name: 'GET /products' } });
}

function lookAtPastOrders() {
  http.get(`${shop}/orders?customer=c${anyOf(2000)}`, { tags: { name: 'GET /orders' } });
}

function buy() {
  const basket = { customer: `c${anyOf(2000)}`, items: [{ sku: sku(), quantity: 1 }] };
  const bought = http.post(`${shop}/checkout`, JSON.stringify(basket), { ...json, tags: { name: 'POST /checkout' } });
  check(bought, { 'order placed': (answer) => answer.status === 201 });
}

const next = [lookAround, lookAtPastOrders, buy, buy];

export default function () {
  next[anyOf(4) - 1]();
  sleep(1.5 + Math.random());
}
