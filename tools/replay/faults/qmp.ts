import {MiB, TiB} from '../../../lib/util/size.ts';
import type {QmpEvent} from '../../../lib/vmm/qemu/qmp/events.ts';
import type {Fault, Past, Wrong} from './fault.ts';
import type {Entry, QmpAnswer, QmpEntry} from '../recording.ts';
import {lineMissing, numberOff, otherWord} from './text.ts';

const ofAnswer = (
  id: string,
  says: string,
  wrong: (answer: QmpAnswer, entry: QmpEntry, past: Past) => Iterable<{about?: string; answer: QmpAnswer}>,
): Fault => ({
  id,
  says,
  *wrong(entry: Entry, past: Past): Iterable<Wrong> {
    if (entry.kind !== 'qmp' || 'lost' in entry.answer) return;
    for (const {about = '', answer} of wrong(entry.answer, entry, past)) yield {about, answer};
  },
});

/** A fault of a value that QEMU returned: one leaf of it, or one item of a list, at a time. */
const ofValue = (
  id: string,
  says: string,
  wrong: (value: unknown, path: string, command: string) => Iterable<unknown>,
): Fault =>
  ofAnswer(id, says, function* (answer, {command}) {
    if (!('return' in answer)) return;
    for (const {path, value, put} of parts(answer.return, '', (changed) => changed)) {
      for (const changed of wrong(value, path, command)) yield {about: path, answer: {return: put(changed)}};
    }
  });

const ofEvent = (
  id: string,
  says: string,
  wrong: (event: QmpEvent) => Iterable<{about?: string; events: QmpEvent[]}>,
): Fault => ({
  id,
  says,
  *wrong(entry: Entry): Iterable<Wrong> {
    if (entry.kind !== 'event') return;
    for (const {about = '', events} of entry.answer.flatMap((event) => [...wrong(event)]))
      yield {about, answer: events};
  },
});

/** Fields of an event, one at a time. */
const ofField = (
  id: string,
  says: string,
  wrong: (value: unknown, path: string, event: QmpEvent) => Iterable<unknown>,
): Fault =>
  ofEvent(id, says, function* (event) {
    for (const {path, value, put} of parts(event.data, '', (changed) => changed)) {
      for (const changed of wrong(value, path, event))
        yield {about: `${path} ${String(changed)}`, events: [{...event, data: put(changed) as QmpEvent['data']}]};
    }
  });

const isHuman = (command: string): boolean => command === 'human-monitor-command';
const isSize = (value: number): boolean => value >= 2 * MiB && value % (2 * MiB) === 0;

/** What can be wrong with QEMU's yes and no, and with its events. */
export const qemuFaults: readonly Fault[] = [
  ofAnswer('qemu-accepts', 'QEMU accepts what it refuses.', function* (answer, {command}) {
    if ('error' in answer) yield {answer: {return: {}}};
    else if (isHuman(command) && String(answer.return).trim() !== '') yield {answer: {return: ''}};
  }),
  ofAnswer('qemu-refuses', 'QEMU refuses what it accepts.', function* (answer, {command}) {
    if ('error' in answer) return;
    if (!isHuman(command)) yield {answer: {error: {class: 'GenericError', desc: 'a fault was injected here'}}};
    else if (String(answer.return).trim() === '') yield {answer: {return: 'Error: a fault was injected here\r\n'}};
  }),
  ofField('ost-other', 'The guest reports another status by _OST.', function* (value, path, {event}) {
    if (event === 'ACPI_DEVICE_OST' && path === 'info.status') yield* [0, 1, 130].filter((status) => status !== value);
  }),
  ofEvent('event-lost', 'An event of QEMU never comes.', function* () {
    yield {events: []};
  }),
  ofEvent('event-twice', 'An event of QEMU comes twice.', function* (event) {
    yield {events: [event, event]};
  }),
  ofEvent('removal-made-up', 'QEMU says that a device is gone which is still there.', function* (event) {
    const {device = 'dimm0'} = (event.data['info'] ?? {}) as {device?: string};
    if (event.event !== 'DEVICE_DELETED')
      yield {
        events: [{...event, event: 'DEVICE_DELETED', data: {device, path: `/machine/peripheral/${device}`}}, event],
      };
  }),
  ofField('event-zero', 'A number of an event is 0.', function* (value) {
    if (typeof value === 'number' && value !== 0) yield 0;
  }),
  ofField('event-field', 'A field of an event is about something else.', function* (value) {
    if (typeof value === 'number') yield value + 1;
    if (typeof value === 'boolean') yield !value;
    if (typeof value === 'string') yield /^\d+$/.test(value) ? String(Number(value) + 1) : `${value}-other`;
  }),
];

/** What can be wrong with what QEMU says when it is asked. */
export const queryFaults: readonly Fault[] = [
  ofAnswer('answer-stale', 'QEMU answers what it answered the last time.', function* (answer, {args}, {before}) {
    const old = before?.kind === 'qmp' && !('lost' in before.answer) ? before.answer : undefined;
    if (old && JSON.stringify([old, args]) !== JSON.stringify([answer, args])) yield {answer: old};
  }),
  ofValue('size-off', 'A size that QEMU gives is 128 MiB too large.', function* (value) {
    if (typeof value === 'number' && isSize(value)) yield value + 128 * MiB;
  }),
  ofValue('size-zero', 'A size that QEMU gives is 0.', function* (value) {
    if (typeof value === 'number' && isSize(value)) yield 0;
  }),
  ofAnswer('device-made-up', "QEMU lists a memory device that isn't there.", function* (answer, {command}) {
    if (command !== 'query-memory-devices' || !('return' in answer) || !Array.isArray(answer.return)) return;
    const dimm = {
      type: 'dimm',
      data: {
        id: 'ghost',
        memdev: '/objects/mem-ghost',
        addr: TiB,
        size: 128 * MiB,
        slot: 63,
        node: 0,
        hotplugged: true,
        hotpluggable: true,
      },
    };
    yield {answer: {return: [...(answer.return as unknown[]), dimm]}};
  }),
  ofValue('page-off', 'A size or an address that QEMU gives is 4 KiB too small.', function* (value) {
    if (typeof value === 'number' && isSize(value)) yield value - 4096;
  }),
  ofValue('value-off', 'A number that QEMU gives is one too large.', function* (value) {
    if (typeof value === 'number' && !isSize(value)) yield value + 1;
  }),
  ofValue('value-other', 'A name or a yes that QEMU gives is another one.', function* (value, _path, command) {
    if (typeof value === 'boolean') yield !value;
    if (typeof value === 'string' && !isHuman(command)) yield `${value}-other`;
  }),
  ofValue('item-missing', 'An item of a list that QEMU gives is missing.', function* (value) {
    if (Array.isArray(value)) for (const i of value.keys()) yield value.toSpliced(i, 1);
  }),
  ofValue('item-twice', 'An item of a list that QEMU gives comes twice.', function* (value) {
    if (Array.isArray(value)) for (const item of value as unknown[]) yield [...(value as unknown[]), item];
  }),
  ofAnswer('event-made-up', 'QEMU sends an event for nothing.', function* (answer) {
    for (const event of [
      'DEVICE_DELETED',
      'ACPI_DEVICE_OST',
      'MEM_UNPLUG_ERROR',
      'MEMORY_DEVICE_SIZE_CHANGE',
      'DEVICE_UNPLUG_GUEST_ERROR',
    ]) {
      const data =
        event === 'ACPI_DEVICE_OST'
          ? {info: {'slot-type': 'DIMM', slot: '0', source: 3, status: 0}}
          : {device: 'dimm0', path: '/machine/peripheral/dimm0'};
      yield {about: event, answer: {...answer, first: [{event, data, timestamp: {seconds: 0, microseconds: 0}}]}};
    }
  }),
  ofValue(
    'monitor-text',
    'A number, a word or a line of what the human monitor prints is wrong or missing.',
    function* (value, _path, command) {
      if (typeof value !== 'string' || !isHuman(command)) return;
      for (const wrong of [numberOff, otherWord, lineMissing]) for (const {text} of wrong(value)) yield text;
    },
  ),
];

interface Part {
  readonly path: string;
  readonly value: unknown;
  /** The whole with this part replaced. */
  readonly put: (changed: unknown) => unknown;
}

/** A value and all that is in it. */
function* parts(value: unknown, path: string, put: (changed: unknown) => unknown): Iterable<Part> {
  yield {path, value, put};
  const below = (key: string): string => (path ? `${path}.${key}` : key);
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries())
      yield* parts(item, below(String(i)), (changed) => put(value.with(i, changed)));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value))
      yield* parts(item, below(key), (changed) => put({...value, [key]: changed}));
  }
}
