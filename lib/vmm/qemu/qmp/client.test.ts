import {duplexPair, type Duplex} from 'node:stream';
import {createInterface} from 'node:readline';
import test from 'ava';
import {Broken, DeadlineError} from '../../../util/errors.ts';
import {QmpClient, QmpError} from './client.ts';

const GREETING = '{"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 22}}, "capabilities": ["oob"]}}';
const never = new Promise<never>(() => undefined);
const EVENT = (name: string, data: object = {}): string =>
  JSON.stringify({event: name, data, timestamp: {seconds: 1, microseconds: 2}});

type Command = {execute: string; arguments: Record<string, unknown>; id: number};

/** QEMU's end: greets, takes qmp_capabilities, and answers the rest as `serve` says. */
function fakeQemu(
  serve: (command: Command, send: (...lines: string[]) => void) => void,
  greeting = GREETING,
): {host: Duplex; qemu: Duplex} {
  const [host, qemu] = duplexPair();
  const send = (...lines: string[]): void => {
    for (const line of lines) qemu.write(`${line}\r\n`);
  };
  createInterface({input: qemu}).on('line', (line) => {
    const command = JSON.parse(line) as Command;
    if (command.execute === 'qmp_capabilities') send(`{"return": {}, "id": ${command.id}}`);
    else serve(command, send);
  });
  if (greeting) send(greeting);
  return {host, qemu};
}

test('greeting and capabilities come first; a command returns what QEMU returns', async (t) => {
  const seen: string[] = [];
  const {host} = fakeQemu(({id, arguments: args}, send) => {
    send(JSON.stringify({return: args, id}));
  });
  const qmp = await QmpClient.open(host, {
    ms: 1000,
    gone: never,
    transcript: (direction, line) => seen.push(`${direction} ${line}`),
  });
  t.deepEqual(await qmp.execute('echo', {size: 1}), {size: 1});
  t.deepEqual(
    seen.map((line) => line.slice(0, 30)),
    [
      'in {"QMP": {"version": {"qemu"',
      'out {"execute":"qmp_capabiliti',
      'in {"return": {}, "id": 1}',
      'out {"execute":"echo","argumen',
      'in {"return":{"size":1},"id":2',
    ],
  );
});

test('a refusal keeps its class and its words', async (t) => {
  const {host} = fakeQemu(({id}, send) => {
    send(JSON.stringify({error: {class: 'GenericError', desc: 'slot 0 is busy'}, id}));
  });
  const qmp = await QmpClient.open(host, {ms: 1000, gone: never});
  const error = await t.throwsAsync<QmpError>(qmp.execute('device_add'), {
    instanceOf: QmpError,
    message: 'device_add: slot 0 is busy',
  });
  t.deepEqual([error.command, error.errorClass], ['device_add', 'GenericError']);
});

test('replies find their commands, whatever their order', async (t) => {
  const waiting: number[] = [];
  const {host} = fakeQemu(({id}, send) => {
    waiting.push(id);
    if (waiting.length === 2) for (const one of waiting.toReversed()) send(`{"return": ${one}, "id": ${one}}`);
  });
  const qmp = await QmpClient.open(host, {ms: 1000, gone: never});
  t.deepEqual(await Promise.all([qmp.execute('a'), qmp.execute('b')]), [2, 3]);
});

test('an event that comes before the reply is found from a mark that was taken before the command', async (t) => {
  const {host} = fakeQemu(({id}, send) => {
    send(EVENT('DEVICE_DELETED', {device: 'd0'}), `{"return": {}, "id": ${id}}`);
  });
  const qmp = await QmpClient.open(host, {ms: 1000, gone: never});
  const mark = qmp.events.mark();
  await qmp.execute('device_del', {id: 'd0'});
  const event = await qmp.events.next(mark, 'DEVICE_DELETED', ({event: name}) => name === 'DEVICE_DELETED', 1000);
  t.deepEqual(event.data, {device: 'd0'});
});

test('an event that never comes is named, with what came instead', async (t) => {
  const {host} = fakeQemu(({id}, send) => {
    send(EVENT('STOP'), EVENT('RESUME'), `{"return": {}, "id": ${id}}`);
  });
  const qmp = await QmpClient.open(host, {ms: 1000, gone: never});
  const mark = qmp.events.mark();
  await qmp.execute('device_del');
  await t.throwsAsync(
    qmp.events.next(mark, 'DEVICE_DELETED', () => false, 20),
    {instanceOf: DeadlineError, message: 'event DEVICE_DELETED: not within 0.0 s (events since: STOP, RESUME)'},
  );
});

test('a command without a reply is named, and its late reply harms nobody', async (t) => {
  let late: () => void = () => undefined;
  const {host} = fakeQemu(({id, execute}, send) => {
    if (execute === 'slow')
      late = () => {
        send(`{"return": {}, "id": ${id}}`);
      };
    else send(`{"return": 1, "id": ${id}}`);
  });
  const qmp = await QmpClient.open(host, {ms: 1000, gone: never});
  await t.throwsAsync(qmp.execute('slow', {}, 20), {
    instanceOf: DeadlineError,
    message: 'QMP command slow: not within 0.0 s',
  });
  late();
  t.is(await qmp.execute('quick'), 1);
});

test('QEMU that does not greet is named', async (t) => {
  const {host} = fakeQemu(() => undefined, '');
  await t.throwsAsync(QmpClient.open(host, {ms: 20, gone: never}), {
    instanceOf: DeadlineError,
    message: "QEMU's QMP greeting: not within 0.0 s",
  });
});

for (const line of ['not JSON', '{"return": {}', '{"neither": 1}', '{"error": {"desc": "no class"}, "id": 2}', '[]']) {
  test(`${line} ends the connection and is quoted`, async (t) => {
    const {host} = fakeQemu((_command, send) => {
      send(line);
    });
    const qmp = await QmpClient.open(host, {ms: 1000, gone: never});
    await t.throwsAsync(qmp.execute('anything'), {instanceOf: Broken, message: `QMP: not a QMP message: ${line}`});
    await t.throwsAsync(qmp.execute('more'), {instanceOf: Broken, message: `QMP: not a QMP message: ${line}`});
  });
}

test('when QEMU is gone everybody who waits hears its last words', async (t) => {
  const {host, qemu} = fakeQemu(() => {
    qemu.destroy();
    host.destroy();
  });
  const gone = Promise.reject(new Broken('QEMU ended (SIGABRT)'));
  gone.catch(() => undefined);
  const qmp = await QmpClient.open(host, {ms: 1000, gone});
  const event = qmp.events.next(qmp.events.mark(), 'ANY', () => true, 5000);
  const [command, waiter] = await Promise.all([t.throwsAsync(qmp.execute('quit')), t.throwsAsync(event)]);
  t.is(command.message, 'QEMU ended (SIGABRT)');
  t.is(waiter.message, 'QEMU ended (SIGABRT)');
});
