import type {Attributes, Device} from './attribute.ts';
import type {Collected} from './collected.ts';
import {pieces} from '../rules/substitution.ts';
import {isKnown, unknown} from './unknown.ts';

/** What fills in the values of rules in one event. */
export interface Filling {
  readonly device: Device;
  readonly attributes: Attributes;
  readonly collected: Collected;
  /** The parent that the last match of parents has found. */
  readonly parent: (name: string) => string | undefined;
}

/** A value with its substitutions filled in (udev-format.c). */
export function fill(value: string, filling: Filling): string {
  if (!/[$%]/.test(value)) return value;
  return pieces(value)
    .map((piece) => (typeof piece === 'string' ? piece : substituted(piece.type, piece.attr, filling)))
    .join('');
}

function substituted(type: string, attr: string, {device, attributes, collected, parent}: Filling): string {
  switch (type) {
    case 'env':
      return attr === '' ? '' : collected.property(attr);
    case 'result':
      return part(collected.result, attr);
    case 'sys':
      return '/sys';
    case 'root':
      return '/dev';
    case 'kernel':
      return device.kernel;
    case 'number':
      return /\d+$/.exec(device.kernel)?.[0] ?? '';
    case 'devpath':
      return device.devpath;
    case 'driver':
    case 'devnode':
    case 'links':
      return device.subsystem === 'memory' ? '' : unknown(`$${type} of ${device.subsystem} devices`);
    case 'attr':
      return (attributes.other(attr) ?? attributes.own(attr) ?? parent(attr) ?? '').trimEnd();
    case 'name':
      return device.kernel;
    case 'major':
    case 'minor':
      return device.subsystem === 'memory' ? '0' : unknown(`$${type} of ${device.subsystem} devices`);
    default:
      return unknown(`$${type}`);
  }
}

/** `%c{2}`: a word of what the program has printed, `%c{2+}`: from it on. */
function part(result: string, attr: string): string {
  const index = Number.parseInt(attr, 10);
  if (!(index > 0) || !isKnown(result)) return result;
  const rest = result
    .trimStart()
    .split(/\s+/)
    .slice(index - 1);
  return attr.endsWith('+') ? rest.join(' ') : (rest[0] ?? '');
}
