import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import ssh2 from 'ssh2';
import {Broken, DeadlineError} from '../util/errors.ts';
import {newKeyPair, SshShell} from './ssh.ts';

test('a guest that cuts each connection is tried until the deadline, and the deadline is what is told', async (t) => {
  let attempts = 0;
  const server = createServer((socket) => {
    attempts += 1;
    socket.resetAndDestroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const [client, host] = [newKeyPair('client'), newKeyPair('host')];
  const connecting = SshShell.connect({port, privateKey: client.private, hostKey: host.public}, 400);
  const error = await t.throwsAsync(connecting, {instanceOf: DeadlineError});
  t.regex(error.message, /^ssh to the guest: not within 0\.4 s; the last attempt: .*(ECONNRESET|closed)/);
  t.true(attempts >= 2, `${attempts} attempts`);
  const made = attempts;
  await new Promise((resolve) => setTimeout(resolve, 250));
  t.is(attempts, made, 'nothing goes on after the deadline');
  server.close();
});

test("a pair that its own library can't read is not taken", (t) => {
  const good = newKeyPair('memhp');
  const cut = (line: string): string => {
    const [kind = '', blob = ''] = line.split(' ');
    const bytes = Buffer.from(blob, 'base64').subarray(0, -1);
    bytes.writeUInt32BE(31, 15);
    return `${kind} ${bytes.toString('base64')}`;
  };
  const bad = {...good, public: cut(good.public)};
  t.true(ssh2.utils.parseKey(bad.public) instanceof Error);
  const pairs = [bad, bad, good];
  t.is(newKeyPair('memhp', (() => pairs.shift()) as never), good);
});

/** An sshd that does as it is told with each command. */
async function sshd(
  t: ExecutionContext,
  exec: (channel: ssh2.ServerChannel, cut: () => void) => void,
): Promise<SshShell> {
  const [client, host] = [newKeyPair('client'), newKeyPair('host')];
  const server = new ssh2.Server({hostKeys: [host.private]}, (connection) => {
    connection
      .on('error', () => undefined)
      .on('authentication', (asked) => {
        asked.accept();
      });
    connection.on('session', (accept) => {
      accept().on('exec', (take) => {
        const channel = take();
        channel.on('error', () => undefined);
        exec(channel, () => {
          connection.end();
        });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const shell = await SshShell.connect({port, privateKey: client.private, hostKey: host.public}, 20_000);
  t.teardown(() => {
    shell.close();
    server.close();
  });
  return shell;
}

test('a connection that is lost while a command runs gives no status: nobody can take it for a refusal', async (t) => {
  const shell = await sshd(t, (channel, cut) => {
    channel.write('half an ans');
    setTimeout(cut, 20);
  });
  await t.throwsAsync(shell.run('echo offline >state', 20_000), {
    instanceOf: Broken,
    message: 'the ssh connection was lost before the guest answered to: echo offline >state',
  });
});

test('a command that was ended by a signal has a status', async (t) => {
  const shell = await sshd(t, (channel) => {
    channel.write('out');
    channel.stderr.write('err');
    channel.exit('KILL', false, '');
    channel.end();
  });
  t.deepEqual(await shell.run('kill -9 $$', 20_000), {status: 255, stdout: 'out', stderr: 'err'});
});
