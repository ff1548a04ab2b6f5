// The slow half of the bootstrap, run by bootstrap.js under its lock. Tools first: they fail faster than npm installs.
import {npmCi, npmIsCurrent} from './npm.js';
import {installTools} from './system.js';
import {Stop, say} from './talk.js';

try {
  installTools(process.argv[2] === 'test' ? 'test' : 'run');
  if (!npmIsCurrent()) npmCi(); // another one may have installed while this one waited for the lock
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  say(error.message);
  process.exitCode = 2;
}
