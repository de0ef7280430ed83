// WebSockets by the name that they have from k6 1.6 on.
import http from 'k6/http';
import { check } from 'k6';
import { WebSocket } from 'k6/websockets';

export default async function () {
  await new Promise((resolve) => {
    const socket = new WebSocket('WS/standard', null, { headers: { Own: '4' } });
    socket.onmessage = ({ data }) => {
      check(data, { heard: (text) => text === 'hello' });
      socket.close();
    };
    socket.onclose = resolve;
  });
  http.get('SUT/after');
}
