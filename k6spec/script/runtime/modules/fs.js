// k6/experimental/fs, with relative paths from the script's folder.

import native from 'k6/experimental/fs';
import { fromScript } from '../files.js';

export const SeekMode = native.SeekMode;

export function open(path) {
  return native.open(typeof path === 'string' ? fromScript(path) : path);
}

export default { ...native, open };
