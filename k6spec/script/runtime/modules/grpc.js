// k6/net/grpc, with trace context in the metadata of calls, and relative paths from the script's folder.

import native from 'k6/net/grpc';
import { withContext } from '../context.js';
import { fromScript, scriptFolder } from '../files.js';

export * from 'k6/net/grpc';

const clients = new WeakMap(); // a client as scripts see it -> k6's own, and its server's address

export class Client {
  constructor() {
    const client = new native.Client();
    const state = { client, address: '' };
    const call = (name) => (method, request, params) => client[name](method, request, withMetadata(state, params));
    const shown = Object.create(client, {
      load: { value: (paths, ...files) => client.load(foldersOf(paths), ...files) },
      loadProtoset: { value: (path) => client.loadProtoset(fromScript(path)) },
      connect: {
        value: (address, ...params) => {
          state.address = address;
          return client.connect(address, ...params);
        },
      },
      invoke: { value: call('invoke') },
      asyncInvoke: { value: call('asyncInvoke') },
    });
    clients.set(shown, state);
    return shown;
  }
}

export function Stream(client, method, params) {
  const state = clients.get(client);
  if (state === undefined) return new native.Stream(client, method, params); // fails in k6's words
  return new native.Stream(state.client, method, withMetadata(state, params));
}

export default { ...native, Client, Stream };

function foldersOf(paths) {
  return paths && paths.length > 0 ? paths.map(fromScript) : [scriptFolder()];
}

function withMetadata({ address }, params) {
  const { metadata, ...rest } = params || {};
  const given = withContext(urlOf(address), { ...rest, headers: metadata || {} });
  const { headers, redirects, ...others } = given;
  if (redirects === undefined) return params;
  const lower = {};
  for (const name of Object.keys(headers)) lower[name.toLowerCase()] = headers[name];
  return { ...others, metadata: lower };
}

// gRPC's addresses: host:port, perhaps with a resolver before it, as in dns:///host:port.
function urlOf(address) {
  return `http://${String(address).replace(/^[a-z]+:\/\/\/?/i, '')}/`;
}
