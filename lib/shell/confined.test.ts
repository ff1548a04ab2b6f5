import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import ssh2 from 'ssh2';
import {Broken} from '../util/errors.ts';
import {newKeyPair, SshShell} from './ssh.ts';

/** An sshd with that host key that lets the client in and answers `sh -s` with `answer`. */
async function sshd(t: ExecutionContext, hostKey: string, clientKey: string, answer = ''): Promise<number> {
  const known = ssh2.utils.parseKey(clientKey);
  if (known instanceof Error) throw known;
  const server = new ssh2.Server({hostKeys: [hostKey]}, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      if (attempt.method !== 'publickey' || !attempt.key.data.equals(known.getPublicSSH())) attempt.reject();
      else attempt.accept();
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec) => {
        const channel = acceptExec();
        channel.write(answer);
        channel.exit(3);
        channel.end();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('the guest with the pinned host key is talked to, one with another key never', async (t) => {
  const [client, host, other] = [newKeyPair('client'), newKeyPair('host'), newKeyPair('other')];
  const port = await sshd(t, host.private, client.public, 'hello');
  const shell = await SshShell.connect({port, privateKey: client.private, hostKey: host.public}, 20_000);
  t.deepEqual(await shell.run('x', 20_000), {status: 3, stdout: 'hello', stderr: ''});
  shell.close();
  const started = performance.now();
  await t.throwsAsync(SshShell.connect({port, privateKey: client.private, hostKey: other.public}, 20_000), {
    message: 'the guest shows another ssh host key than the one it was given',
  });
  t.true(performance.now() - started < 15_000, 'and it is not tried again');
});

test('what a guest floods over ssh ends in a refusal and not in the end of memory', async (t) => {
  const [client, host] = [newKeyPair('client'), newKeyPair('host')];
  const port = await sshd(t, host.private, client.public, 'x'.repeat(33 * 2 ** 20));
  const shell = await SshShell.connect({port, privateKey: client.private, hostKey: host.public}, 20_000);
  await t.throwsAsync(shell.run('x', 60_000), {
    instanceOf: Broken,
    message: /printed more than 33554432 bytes over ssh/,
  });
  shell.close();
});
