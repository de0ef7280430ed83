// Gives the handshakes of k6/ws trace context. Only for scripts that import it.

import ws from 'k6/ws';
import { withSocketContext } from './sockets.js';

const { connect } = ws;

ws.connect = (url, ...rest) => {
  const params = rest.length > 1 ? rest[0] : undefined;
  const run = rest[rest.length - 1];
  return rest.length === 0 ? connect(url) : connect(url, withSocketContext(url, params), run);
};
