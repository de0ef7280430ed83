// Trace context of a WebSocket's handshake, an HTTP request by nature.

import { urlOf, withContext } from './context.js';

const SCHEME = /^ws(s?):\/\//i;

export function withSocketContext(url, params) {
  const given = withContext(urlOf(url).replace(SCHEME, 'http$1://'), params);
  if (given === params) return params;
  const { redirects, ...rest } = given; // k6 follows no redirects of a handshake, and refuses the parameter
  return redirects === undefined ? given : rest;
}
