import {attribute, devpath, hasFile, parentAttribute, type Device} from './device.ts';
import {anything, both, either, exactly, joined, not, textMatches, type Text, type Truth} from './maybe.ts';
import type {Token} from './rule.ts';
import {property, type Collected} from './state.ts';
import {pieces} from './substitution.ts';

/** What a value is for a device, its substitutions filled in. */
export function fill(value: string, device: Device, collected: Collected, complete: boolean): Text {
  if (!/[$%]/.test(value)) return exactly(value);
  return pieces(value).map((piece): Text => {
    if (typeof piece === 'string') return exactly(piece);
    const {type, attr} = piece;
    if (type === 'env') return property(collected, attr, complete);
    if (type === 'result') return attr === '' ? collected.result : anything;
    if (type === 'sys') return exactly('/sys');
    if (type === 'attr') return attribute(device, attr) ?? exactly('');
    if (device.subsystem !== 'memory') return anything;
    if (type === 'kernel') return exactly(`memory${device.block}`);
    if (type === 'number') return exactly(String(device.block));
    return type === 'devpath' ? exactly(devpath(device)) : anything;
  }).reduce(joined, exactly(''));
}

/** Whether a match of the device itself holds. Programs, imports and matches of parents are not asked here. */
export function matchOf(token: Token, device: Device, collected: Collected, complete: boolean): Truth {
  const {key, attr = '', pattern, op} = token;
  if (key === 'TEST') return withOperator(op, testOf(token, device, collected, complete));
  if (!pattern) return 'maybe';
  const compare = (text: Text): Truth => withOperator(op, textMatches(pattern, text));
  const memory = device.subsystem === 'memory';
  switch (key) {
    case 'ACTION': return compare(exactly(device.action));
    case 'SUBSYSTEM': return compare(exactly(device.subsystem));
    case 'CONST': return compare(exactly(attr === 'arch' ? device.guest.arch : device.guest.virt));
    case 'ENV': return compare(ENV_OF_EVENT[attr]?.(device) ?? property(collected, attr, complete));
    case 'RESULT': return compare(collected.result);
    case 'ATTR': return matchAttribute(token, attribute(device, attr));
    case 'KERNEL': return compare(memory ? exactly(`memory${device.block}`) : anything);
    case 'DEVPATH': return compare(memory ? exactly(devpath(device)) : anything);
    case 'DRIVER': case 'NAME': return compare(memory ? exactly('') : anything);
    case 'SYMLINK': return memory ? (op === '!=' ? 'yes' : 'no') : 'maybe';
    default: return 'maybe'; // TAG, SYSCTL: set elsewhere
  }
}

/** Properties that the kernel sets. */
const ENV_OF_EVENT: Readonly<Record<string, (device: Device) => Text>> = {
  ACTION: ({action}) => exactly(action),
  SUBSYSTEM: ({subsystem}) => exactly(subsystem),
  DEVPATH: (device) => (device.subsystem === 'memory' ? exactly(devpath(device)) : anything),
};

const withOperator = (op: string, truth: Truth): Truth => (op === '!=' ? not(truth) : truth);

/** An attribute that is not there matches nothing, not even `!=`. */
function matchAttribute({pattern, op, value}: Token, text: (Text & {readonly not?: readonly string[]}) | undefined): Truth {
  if (!text || !pattern) return 'no';
  const never = text.open && pattern.kind === 'plain' && pattern.alternatives.every((one) => text.not?.includes(one));
  const trimmed = /[ \t\n]$/.test(value) ? text : {...text, values: text.values.map((one) => one.trimEnd())};
  return withOperator(op, never ? 'no' : textMatches(pattern, trimmed));
}

function testOf({value, attr}: Token, device: Device, collected: Collected, complete: boolean): Truth {
  const path = fill(value, device, collected, complete);
  if (path.open || attr) return 'maybe';
  const there = path.values.map((one) => {
    if (one === '/sys/devices/system/memory/auto_online_blocks') return true; // since 4.7
    const [, name = one] = one.startsWith(`/sys${devpath(device)}/`) ? ['', one.slice(`/sys${devpath(device)}/`.length)] : [];
    return hasFile(device, name) ? true : undefined;
  });
  return there.every(Boolean) ? 'yes' : 'maybe';
}

/** The matches of parents of one rule: all have to hold for one device, the block itself or the directory above it. */
export function parentsMatch(tokens: readonly Token[], device: Device): Truth {
  if (device.subsystem !== 'memory') return 'maybe';
  const own = tokens.map((token) => parentToken(token, exactly(`memory${device.block}`), exactly('memory'), () => attribute(device, token.attr ?? '')));
  const above = tokens.map((token) => parentToken(token, exactly('memory'), exactly(''), () => parentAttribute(device, token.attr ?? '')));
  return either(own.reduce(both, 'yes'), above.reduce(both, 'yes'));
}

function parentToken(token: Token, kernel: Text, subsystem: Text, attr: () => Text | undefined): Truth {
  const {key, pattern, op} = token;
  if (!pattern || key === 'TAGS') return 'maybe';
  if (key === 'ATTRS') return matchAttribute(token, attr());
  return withOperator(op, textMatches(pattern, key === 'KERNELS' ? kernel : key === 'SUBSYSTEMS' ? subsystem : exactly('')));
}
