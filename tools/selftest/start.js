// `npm test`: makes the clone ready, then runs the parts given after `npm test --`, or all of them.
import '../../lib/bootstrap/node-version.js';

void import('../../lib/bootstrap/bootstrap.js').then(async ({bootstrap}) => {
  bootstrap('test');
  const tsx = await import('tsx/esm/api');
  tsx.register();
  return import('./main.ts');
});
