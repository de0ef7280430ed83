// k6/experimental/websockets, with trace context in the handshakes.

import native from 'k6/experimental/websockets';
import { withSocketContext } from '../sockets.js';

export const Blob = native.Blob;

export function WebSocket(url, protocols, params) {
  return new native.WebSocket(url, protocols, withSocketContext(url, params));
}

export default { ...native, WebSocket };
