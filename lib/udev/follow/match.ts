import {isOthersDmi} from '../guest.ts';
import type {Token} from '../rules/rule.ts';
import type {Oracle} from './explore.ts';
import {fill, type Filling} from './fill.ts';
import {BLOCK_FILES, resolved, targetOf} from './paths.ts';
import {dependency, isKnown, shown, textMatches} from './unknown.ts';

/** Whether a match of the device itself holds. Programs, imports and matches of parents are not asked here. */
export function matchOf(token: Token, filling: Filling, oracle: Oracle): boolean {
  const {device, collected, attributes} = filling;
  const {key, attr = '', pattern, op} = token;
  const held = (truth: boolean): boolean => (op === '!=' ? !truth : truth);
  if (key === 'TEST') return held(isThere(token, filling, oracle));
  if (!pattern) return oracle.choose(`what ${key} compares`, `${key} ${token.value}`, [true, false]);
  const compare = (text: string): boolean => held(textMatches(pattern, text, oracle));
  const memory = device.subsystem === 'memory';
  switch (key) {
    case 'ACTION':
      return compare(device.action);
    case 'SUBSYSTEM':
      return compare(device.subsystem);
    case 'CONST':
      return attr === 'arch'
        ? compare(device.guest.arch)
        : attr === 'virt'
          ? compare(device.guest.virt)
          : ask(token, oracle);
    case 'ENV':
      return compare(collected.property(attr));
    case 'RESULT':
      return compare(collected.result);
    case 'ATTR':
      return matchAttribute(
        token,
        attr.startsWith('[') ? attributes.other(attr) : attributes.own(fill(attr, filling)),
        oracle,
      );
    case 'KERNEL':
      return compare(device.kernel);
    case 'DEVPATH':
      return compare(device.devpath);
    case 'DRIVER':
      return memory ? compare('') : ask(token, oracle);
    case 'NAME':
      return memory ? compare('') : ask(token, oracle);
    case 'SYMLINK':
      return memory ? op === '!=' : ask(token, oracle);
    case 'TAG':
      return held([...collected.tags].some((tag) => textMatches(pattern, tag, oracle)));
    default:
      return ask(token, oracle); // SYSCTL
  }
}

const ask = ({key, attr, op, value}: Token, {choose}: Oracle): boolean =>
  choose(`${key}${attr === undefined ? '' : `{${attr}}`}`, `${op} ${value}`, [true, false]);

/**
 * An attribute that is not there matches nothing, not even `!=`. White space at its end counts only where the rule has
 * some.
 */
export function matchAttribute(
  {attr = '', pattern, op, value}: Token,
  text: string | undefined,
  oracle: Oracle,
): boolean {
  if (text === undefined || !pattern) return false;
  const seen = /[ \t\n]$/.test(value) ? text : text.trimEnd();
  const of = /^\[dmi\/id\](\w+)$/.exec(attr)?.[1];
  const never =
    of !== undefined &&
    !isKnown(seen) &&
    pattern.kind === 'plain' &&
    !pattern.orEmpty &&
    pattern.alternatives.every((one) => isOthersDmi(of, one));
  return (never ? false : textMatches(pattern, seen, oracle)) !== (op === '!=');
}

/** Whether a file is there (and has one of these rights, which is asked). */
function isThere({value, attr}: Token, filling: Filling, {choose}: Oracle): boolean {
  const path = fill(value, filling);
  const ask = (): boolean =>
    choose(`whether ${shown(path)} is there${attr ? ' with that mode' : ''}`, path, [true, false]);
  if (!isKnown(path)) return choose(dependency(path), `${path} is there`, [true, false]);
  const {device} = filling;
  const at = resolved(`/sys${device.devpath}`, path);
  const target = targetOf(at);
  if (attr) return ask();
  if (target.kind === 'policy' || target.kind === 'directory') return true;
  if (
    device.subsystem === 'memory' &&
    target.kind === 'block' &&
    target.block === Number(device.kernel.replace('memory', ''))
  ) {
    return (BLOCK_FILES as readonly string[]).includes(target.file) || ask();
  }
  return ask();
}
