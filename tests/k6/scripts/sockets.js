// WebSockets: k6/ws, and the one of the standard's kind.
import ws from 'k6/ws';
import { WebSocket } from 'k6/experimental/websockets';
import { check } from 'k6';
import http from 'k6/http';

export default async function () {
  let said = '';
  const answer = ws.connect('WS/one', { headers: { Own: '1' }, tags: { kind: 'old' } }, (socket) => {
    socket.on('message', (message) => {
      said = message;
      socket.close();
    });
  });
  check(answer, { 'switched and heard': (r) => r.status === 101 && said === 'hello' });
  ws.connect('WS/two', (socket) => socket.on('message', () => socket.close()));
  await new Promise((resolve) => {
    const socket = new WebSocket('WS/three', null, { tags: { kind: 'new' } });
    socket.onmessage = ({ data }) => {
      check(data, { heard: (text) => text === 'hello' });
      socket.close();
    };
    socket.onclose = resolve;
  });
  http.get('SUT/after');
}
