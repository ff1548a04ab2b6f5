import test from 'ava';
import {parseRules} from '../../lib/udev/rules/parse.ts';
import {whyRefused} from './reasons.ts';

const PATH = '/etc/udev/rules.d/60-x.rules';
const rules = (program: string) => [
  parseRules(PATH, Buffer.from(`SUBSYSTEM=="memory", ACTION=="add", RUN+="/bin/sh -c '${program}'"\n`)),
];
const loop = rules('for f in /sys/devices/system/memory/memory*/state; do echo online > $$f; done');
const refused = [{rule: `${PATH}:1`, file: 'state', word: undefined, errno: 'EINVAL'}] as const;

test('two programs that go through all blocks at once refuse one another', (t) => {
  t.regex(whyRefused({event: 'plug', refused}, loop) ?? '', /runs for both blocks at once/);
});

test('nothing else is explained by that', (t) => {
  t.is(whyRefused({event: 'trigger', refused}, loop), undefined);
  t.is(whyRefused({event: 'plug', refused: []}, loop), undefined);
  t.is(whyRefused({event: 'plug', refused: [{...refused[0], errno: 'EBUSY'}]}, loop), undefined);
  t.is(whyRefused({event: 'plug', refused: [{...refused[0], file: 'online'}]}, loop), undefined);
  t.is(whyRefused({event: 'plug', refused}, rules('echo online > /sys$$DEVPATH/state')), undefined);
  t.is(whyRefused({event: 'plug', refused: [...refused, {...refused[0], rule: `${PATH}:9`}]}, loop), undefined);
});
