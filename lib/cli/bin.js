#!/usr/bin/env node
// `memhp`: runs main.ts in this process, from a bundle that is made again when a source has changed.
import '../bootstrap/node-version.js';

// Debian's PATH for users has no sbin, where mke2fs is.
process.env.PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean).join(':');

// No top-level await: Node 12 would refuse to parse it, and never say that it is too old.
void import('./compile.js')
  .then(async ({compiled, entry}) => {
    await import(entry(await compiled(), 'lib/cli/main.js'));
  })
  .catch((/** @type {unknown} */ error) => {
    const flaws = /** @type {Partial<import('esbuild').BuildFailure>} */ (error).errors;
    if (flaws) {
      for (const {text, location} of flaws)
        console.error(`memhp: ${location ? `${location.file}:${location.line}:${location.column + 1}: ` : ''}${text}`);
      process.exit(2);
    }
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error('memhp: the npm packages are not installed. Run `npm start`, which sets everything up, or `npm ci`.');
    process.exit(2);
  });
