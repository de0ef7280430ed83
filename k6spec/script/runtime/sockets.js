// Trace context of a WebSocket's handshake, an HTTP request by nature.

import { urlOf, withLastingContext } from './context.js';

const SCHEME = /^ws(s?):\/\//i;

export function withSocketContext(url, params) {
  const given = withLastingContext(urlOf(url).replace(SCHEME, 'http$1://'), params);
  if (given === params) return params;
  const { redirects, ...rest } = given; // k6 follows no redirects of a handshake, and refuses the parameter
  return redirects === undefined ? given : rest;
}
