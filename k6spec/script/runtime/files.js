// Where relative paths lead: k6 sees the entry module and copies of scripts in a run's folder, while the paths in
// them are meant from where the scripts stand.

import { settings } from '../settings.js';
import { resolve } from './urls.js';

const COPIES = import.meta.resolve('../copies/');
const FRAME = /\(?(file:\/\/[^\s]*?):\d+:\d+/;
const REQUIRE = /requireImpl\)\.require/;

// import.meta for a copy of a module that stands at `url`.
export function metaOf(url) {
  return { resolve: (specifier) => (specifier.startsWith('k6') ? specifier : resolve(url, specifier)) };
}

// The folder of the script that runs: k6's own modules take paths from there, in modules that it imports too.
export function scriptFolder() {
  return (settings.copies[copied()] || settings.copies[0]).script; // -1: a plain module goes on after an await
}

// A path as k6's own modules take it.
export function fromScript(path) {
  return absolute(path, scriptFolder());
}

// open() takes relative paths from the module that is being evaluated or required; here from what it is a copy of.
// Installed only where there are copies.
if (settings.copies.length > 0) {
  const open = globalThis.open;
  globalThis.open = (path, ...mode) => {
    const number = copied();
    return open(number < 0 ? path : absolute(path, settings.copies[number].folder), ...mode);
  };
}

// The number of the copy that is being evaluated, -1 in a module that stands where it was.
function copied() {
  const module = evaluated();
  return settings.copies.findIndex((_, number) => module.startsWith(`${COPIES}${number}/`));
}

function evaluated() {
  let module = '';
  for (const line of new Error().stack.split('\n')) {
    if (REQUIRE.test(line)) break;
    const frame = FRAME.exec(line);
    if (frame !== null) module = frame[1];
  }
  return module;
}

function absolute(path, folder) {
  if (path === '' || path.startsWith('/') || path.includes('://') || /^[a-z]:[\\/]/i.test(path)) return path;
  return `${folder}/${path}`;
}
