// Neither this nor what it imports needs other imports.
import http from 'k6/http';

const own = open('./own.txt');

export function deeper() {
  return http.get(`SUT/${own.trim()}`);
}
