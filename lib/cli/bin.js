#!/usr/bin/env node
// `memhp`: runs main.ts in this process. A second node, as tsx's own command starts one, would cost 0.1 s more.
import '../bootstrap/node-version.js';

// Debian's PATH for users has no sbin, where mke2fs is.
process.env.PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean).join(':');

// No top-level await: Node 12 would refuse to parse it, and never say that it is too old.
void import('tsx/esm/api').then(
  tsx => {
    tsx.register();
    return import('./main.ts');
  },
  (/** @type {unknown} */ error) => {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error('memhp: the npm packages are not installed. Run `npm start`, which sets everything up, or `npm ci`.');
    process.exit(2);
  },
);
