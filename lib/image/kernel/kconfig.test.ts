import test from 'ava';
import {holds, parts} from './condition.ts';
import {explain} from './explain.ts';
import {definitionsIn} from './kconfig.ts';
import {differences, readAsked, readConfig} from './options.ts';

const TEXT = `
menu "Memory"
	depends on MMU

if ACPI

config ACPI_HOTPLUG_MEMORY
	bool "Memory Hotplug"
	depends on MEMORY_HOTPLUG && \\
		   (X86 || ARM64)
	depends on !XEN # not there
	select MEMORY_ISOLATION if NUMA
	help
	  config IN_HELP
	    if this were read, so would be its depends on NOTHING

endif

config MEMORY_ISOLATION
	bool

choice
	prompt "page size"
config PAGE_4K
	bool "4 KiB"
config PAGE_64K
	bool "64 KiB"
endchoice

endmenu

comment "outside"
	depends on FOO
menuconfig OUTSIDE
	tristate
	prompt "outside"
config SIZE
	int "size" if EXPERT
`;
const definitions = definitionsIn('mm/Kconfig', TEXT);

test('the definitions of a Kconfig file, with the conditions around them', (t) => {
  t.deepEqual(
    definitions.map(({name}) => name),
    ['ACPI_HOTPLUG_MEMORY', 'MEMORY_ISOLATION', 'PAGE_4K', 'PAGE_64K', 'OUTSIDE', 'SIZE'],
  );
  t.deepEqual(definitions[0], {
    name: 'ACPI_HOTPLUG_MEMORY',
    place: 'mm/Kconfig:7',
    depends: ['MMU', 'ACPI', 'MEMORY_HOTPLUG &&                    (X86 || ARM64)', '!XEN'],
    selects: [{name: 'MEMORY_ISOLATION', when: 'NUMA'}],
    hasPrompt: true,
  });
  t.deepEqual(
    definitions.slice(1).map(({depends, hasPrompt}) => [depends, hasPrompt]),
    [
      [['MMU'], false],
      [['MMU'], true],
      [['MMU'], true],
      [[], true],
      [[], true],
    ],
  );
});

const config = readConfig('CONFIG_A=y\nCONFIG_M=m\nCONFIG_T="text"\nCONFIG_N=5\n');
for (const [condition, expected] of [
  ['A', true],
  ['M', true],
  ['B', false],
  ['!B', true],
  ['A && B', false],
  ['A && B || A', true],
  ['A && (B || !A)', false],
  ['B=n', true],
  ['A != y', false],
  ['T="text"', true],
  ['N = 5', true],
  ['A && $(success,cc)', undefined],
  ['(A', undefined],
  ['A B', undefined],
  ['', undefined],
] as const)
  test(`the condition "${condition}" is ${expected}`, (t) => {
    t.is(holds(condition, config), expected);
  });

test('a condition falls into the parts that must all hold', (t) => {
  t.deepEqual(parts('A && (B && C || D) && !E'), ['A', '(B && C || D)', '!E']);
  t.deepEqual(parts('A && B || C'), ['A && B || C']);
  t.deepEqual(parts('A'), ['A']);
});

const told = (asked: string, config: string, how: 'enable' | 'disable' = 'enable'): (string | undefined)[] => {
  const options = how === 'enable' ? readAsked([asked], []) : readAsked([], [asked]);
  return differences(options, readConfig(config)).map((one) => explain(one, definitions, readConfig(config)));
};

test('an option that did not come out as asked: which, by whom, and why', (t) => {
  const base = 'CONFIG_MMU=y\nCONFIG_X86=y\n';
  t.deepEqual(told('ACPI_HOTPLUG_MEMROY', base), [
    'CONFIG_ACPI_HOTPLUG_MEMROY (--enable): wanted y, came out not set: an unknown option: no Kconfig file has it; did ' +
      'you mean ACPI_HOTPLUG_MEMORY?',
  ]);
  t.regex(told('XYZZY', base)[0] ?? '', /: an unknown option: no Kconfig file has it$/);
  t.regex(
    told('ACPI_HOTPLUG_MEMORY', base)[0] ?? '',
    /: it depends on ACPI and MEMORY_HOTPLUG, which isn't so \(mm\/Kconfig:7\)$/,
  );
  t.regex(
    told('ACPI_HOTPLUG_MEMORY', `${base}CONFIG_ACPI=y\nCONFIG_MEMORY_HOTPLUG=y\nCONFIG_XEN=y\n`)[0] ?? '',
    /: it depends on !XEN, which isn't so/,
  );
  t.regex(
    told('MEMORY_ISOLATION', base)[0] ?? '',
    /: it can't be chosen \(mm\/Kconfig:19\); what selects it: ACPI_HOTPLUG_MEMORY$/,
  );
  t.regex(told('PAGE_64K', base)[0] ?? '', /: something else excludes it, e\.g\. another option of the same choice/);
  t.regex(told('SIZE=9', `${base}CONFIG_SIZE=5\n`)[0] ?? '', /wanted 9, came out 5: it takes no such value/);
  const selected = `${base}CONFIG_MEMORY_ISOLATION=y\nCONFIG_ACPI_HOTPLUG_MEMORY=y\n`;
  t.regex(
    told('MEMORY_ISOLATION', selected, 'disable')[0] ?? '',
    /wanted not set, came out y: it is selected by ACPI_HOTPLUG_MEMORY$/,
  );
  t.regex(
    told('PAGE_4K', 'CONFIG_PAGE_4K=y\n', 'disable')[0] ?? '',
    /: the kernel sets it by itself \(mm\/Kconfig:24\)/,
  );
  t.deepEqual(told('MMU', base), []);
});
