// Loaded into the node processes of a memhp that is put to the test (NODE_OPTIONS=--import). Its wall clock jumps by
// MEMHP_FAULTS_JUMP ms as soon as MEMHP_FAULTS_DIR/strike is there; deadlines of 10 s and more are MEMHP_FAULTS_HASTE
// times shorter, so that a round that has to wait for one takes seconds.
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import timers from 'node:timers';
import {promisify} from 'node:util';

const {MEMHP_FAULTS_DIR: dir = '', MEMHP_FAULTS_JUMP: jump = '0', MEMHP_FAULTS_HASTE: haste = '1'} = process.env;

const LONG = 10_000;
const plain = timers.setTimeout;
/** @param {(...values: unknown[]) => void} call @param {number} ms @param {unknown[]} values */
const hasty = (call, ms = 0, ...values) => plain(call, ms >= LONG ? ms / Number(haste) : ms, ...values);
Object.defineProperty(hasty, promisify.custom, {value: promisify(plain)});
Object.assign(globalThis, {setTimeout: hasty});

if (Number(jump) !== 0) {
  let offset = 0;
  const look = setInterval(() => {
    if (!existsSync(join(dir, 'strike'))) return;
    offset = Number(jump);
    clearInterval(look);
  }, 20);
  look.unref();
  const RealDate = Date;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, values, self) => {
      /** @type {Date} */
      const made = Reflect.construct(target, values.length === 0 ? [RealDate.now() + offset] : values, self);
      return made;
    },
    apply: () => new RealDate(RealDate.now() + offset).toString(),
    get: (target, name) => {
      /** @type {unknown} */
      const own = Reflect.get(target, name);
      return name === 'now' ? () => RealDate.now() + offset : own;
    },
  });
}
