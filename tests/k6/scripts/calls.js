// gRPC: calls, calls that fail, asynchronous ones, streams.
import grpc, { Client, StatusNotFound, StatusOK, Stream } from 'k6/net/grpc';
import { check } from 'k6';
import http from 'k6/http';

const client = new Client();
client.load(['protos'], 'echo.proto');
const other = new grpc.Client();
other.load([], 'protos/echo.proto');

export default async function () {
  client.connect('GRPC', { plaintext: true });
  const answer = client.invoke('echo.Echo/Say', { value: 'hi' }, { metadata: { own: '1' }, tags: { kind: 'unary' } });
  check(answer, { said: (r) => r.status === StatusOK && r.message.value === 'hi' });
  check(client.invoke('echo.Echo/Say', { value: 'no' }), { 'not found': (r) => r.status === StatusNotFound });
  check(await client.asyncInvoke('echo.Echo/Say', { value: 'later' }), { later: (r) => r.status === grpc.StatusOK });
  await new Promise((resolve) => {
    const stream = new Stream(client, 'echo.Echo/Chat', { metadata: { own: '2' } });
    stream.on('data', (message) => check(message, { echoed: (m) => m.value === 'a' }));
    stream.on('end', resolve);
    stream.write({ value: 'a' });
    stream.end();
  });
  http.get('SUT/after');
  client.close();
}
