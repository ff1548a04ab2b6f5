// Loaded into every node process of a command that is measured: says at its end how much memory it had at most.
import {appendFileSync} from 'node:fs';

const file = process.env['MEMHP_BENCH_PEAK'];
if (file !== undefined) {
  process.on('exit', () => {
    appendFileSync(file, `${process.resourceUsage().maxRSS}\n`);
  });
}
