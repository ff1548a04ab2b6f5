import {entriesLoader} from '../boot/entries.ts';
import {extlinuxLoader} from '../boot/extlinux.ts';
import {grubLoader} from '../boot/grub.ts';
import type {Loader} from '../boot/entry.ts';
import type {KernelFacts, RootFacts} from '../facts.ts';
import type {Tree} from '../tree/tree.ts';
import {remedy, type Remedy, type Written} from './remedy.ts';
import {policyWord} from './policy.ts';
import type {Want} from './wanted.ts';

const GRUB_D = 'etc/default/grub.d/plugged-memory.cfg';
const WHOLE = 'etc/kernel/cmdline';

/** The kernel's policy from the start, by the boot loader: for memory too that is there at boot. */
export function parameter({tree}: RootFacts, kernel: KernelFacts, want: Want): Remedy | undefined {
  const word = policyWord(want, kernel);
  if (word === undefined) return undefined;
  const given = `memhp_default_state=${word}`;
  const parts = [grub(tree, given), entries(tree, given), extlinux(tree, given)].filter((one) => one !== undefined);
  const [first] = parts;
  if (!first) return undefined;
  const why =
    'The kernel has the policy from its first moment on, so that it is for memory too that is there when it ' +
    "boots; a rule's write comes after the kernel's.";
  return {...first, why: [why, ...first.why], reboot: true};
}

/** Where the words of the parameter's line end, and the line itself for each entry. */
function appended(tree: Tree, loader: Loader, lines: (path: string) => RegExp, given: string): Written[] {
  const paths = [...new Set(loader.entries.map(({place}) => place.path))];
  return paths.flatMap((path): Written[] => {
    const text = tree.text(path);
    return text === undefined
      ? []
      : [{path: tree.real(path) ?? path, text: text.replaceAll(lines(path), (line) => `${line} ${given}`)}];
  });
}

function grub(tree: Tree, given: string): Remedy | undefined {
  const loader = grubLoader(tree);
  const source = tree.text('etc/default/grub');
  const debian = ['usr/sbin/update-grub', 'sbin/update-grub'].some((path) => tree.has(path));
  if (source === undefined && !loader) return undefined;
  // Debian's grub-mkconfig reads grub.d; others read the one file.
  const write: Written =
    debian || tree.isDirectory('etc/default/grub.d')
      ? {
          path: GRUB_D,
          text: `# What the kernel does with plugged memory.\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ${given}"\n`,
        }
      : {
          path: 'etc/default/grub',
          text: `${(source ?? '').replace(/\n?$/, '\n')}GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ${given}"\n`,
        };
  const cfg = loader?.entries[0]?.place.path;
  const made = loader ? appended(tree, loader, () => /^[ \t]*linux(16|efi)?[ \t].*$/gm, given) : [];
  return remedy({
    files: [write],
    made,
    then: [debian ? 'update-grub' : `grub2-mkconfig -o /${cfg ?? 'boot/grub2/grub.cfg'}`],
    why: ['update-grub or grub2-mkconfig makes grub.cfg of it.'],
  });
}

function entries(tree: Tree, given: string): Remedy | undefined {
  const loader = entriesLoader(tree);
  if (!loader) return undefined;
  const own = tree.text(WHOLE);
  const source: Written[] = own === undefined ? [] : [{path: WHOLE, text: `${own.trimEnd()} ${given}\n`}];
  const files = [...source, ...appended(tree, loader, () => /^[ \t]*options[ \t].*$/m, given)];
  return remedy({files, why: ['Each entry has its own options; /etc/kernel/cmdline is for those of kernels to come.']});
}

function extlinux(tree: Tree, given: string): Remedy | undefined {
  const loader = extlinuxLoader(tree);
  return (
    loader &&
    remedy({
      files: appended(tree, loader, () => /^[ \t]*append[ \t].*$/gim, given),
      why: ['Each label has its own parameters.'],
    })
  );
}
