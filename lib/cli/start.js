// `npm start`: makes the clone ready, then `memhp run` with the arguments given after `npm start --`.
import '../bootstrap/node-version.js';

void import('../bootstrap/bootstrap.js').then(({bootstrap}) => {
  bootstrap('run');
  process.argv.splice(2, 0, 'run');
  return import('./bin.js');
});
