/** Set-up can't go on; the message says what to do. Exit status 2. */
export class Stop extends Error {}

/** @param {string} line */
export const say = (line) => {
  process.stderr.write(`memhp: ${line}\n`);
};
