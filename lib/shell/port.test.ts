import {Duplex} from 'node:stream';
import test from 'ava';
import {Broken, DeadlineError} from '../util/errors.ts';
import {PortShell} from './port.ts';
import {OUTPUT_LIMIT} from './shell.ts';

interface Request {
  readonly nonce: string;
  readonly script: string;
  readonly reply: (...chunks: (string | Buffer)[]) => void;
}

/** The guest's end of a port: `serve` is called for each request that has come in whole. */
class FakePort extends Duplex {
  readonly #serve: (request: Request) => void;
  #input = '';

  constructor(serve: (request: Request) => void) {
    super();
    this.#serve = serve;
  }

  override _read(): void {
    // Data is pushed when the guest has some.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#input += chunk.toString();
    const head = /^(\w+) (\d+) apart\n/.exec(this.#input);
    const lines = this.#input.slice(head?.[0].length).split('\n');
    if (head && lines.length > Number(head[2])) {
      this.#input = '';
      const reply = (...chunks: (string | Buffer)[]): void => {
        for (const part of chunks) this.push(part);
      };
      this.#serve({nonce: head[1] ?? '', script: lines.slice(0, -1).join('\n'), reply});
    }
    done();
  }
}

const framed = (nonce: string, stdout: string, stderr = '', status = 0): string =>
  `memhp-begin ${nonce}\n${stdout}\nmemhp-err ${nonce}\n${stderr}\nmemhp-end ${nonce} ${status}\n`;

test("a script's output, its errors and its status come apart", async (t) => {
  const shell = new PortShell(
    new FakePort(({nonce, script, reply}) => {
      reply(framed(nonce, `ran ${script}\n`, 'sorry\n', 3));
    }),
  );
  t.deepEqual(await shell.run('a\nb', 1000), {status: 3, stdout: 'ran a\nb\n', stderr: 'sorry\n'});
});

test('an answer may come byte by byte', async (t) => {
  const shell = new PortShell(
    new FakePort(({nonce, reply}) => {
      reply(...[...Buffer.from(framed(nonce, 'größer\n', 'é\n', 1))].map((byte) => Buffer.of(byte)));
    }),
  );
  t.deepEqual(await shell.run('x', 5000), {status: 1, stdout: 'größer\n', stderr: 'é\n'});
});

test('what came before the frame is not taken for output', async (t) => {
  const shell = new PortShell(
    new FakePort(({nonce, reply}) => {
      reply(`late noise\nmemhp-begin 0\n`, framed(nonce, 'output\n'));
    }),
  );
  t.is((await shell.run('x', 1000)).stdout, 'output\n');
});

test('output that looks like a frame of another nonce is output', async (t) => {
  const fake = framed('0123456789abcdef', 'inner', 'inner', 7);
  const shell = new PortShell(
    new FakePort(({nonce, reply}) => {
      reply(framed(nonce, fake));
    }),
  );
  t.deepEqual(await shell.run('x', 1000), {status: 0, stdout: fake, stderr: ''});
});

test('scripts that are given at once run one after the other', async (t) => {
  let running = 0;
  const shell = new PortShell(
    new FakePort(({nonce, script, reply}) => {
      running += 1;
      const seen = running;
      setImmediate(() => {
        running -= 1;
        reply(framed(nonce, `${script} ${seen}`));
      });
    }),
  );
  const results = await Promise.all(['a', 'b', 'c'].map((script) => shell.run(script, 1000)));
  t.deepEqual(
    results.map(({stdout}) => stdout),
    ['a 1', 'b 1', 'c 1'],
  );
});

test('an answer whose beginning was lost is no answer', async (t) => {
  const shell = new PortShell(
    new FakePort(({nonce, reply}) => {
      reply(framed(nonce, 'output').slice(5));
    }),
  );
  await t.throwsAsync(shell.run('x', 1000), {instanceOf: Broken, message: /without its frame/});
});

test('a guest that does not answer is named with what it was asked, and the port is given up', async (t) => {
  const shell = new PortShell(new FakePort(() => undefined));
  const error = await t.throwsAsync(shell.run('echo hello', 20), {instanceOf: DeadlineError});
  t.is(error.message, "the guest's answer to: echo hello: not within 0.0 s");
  t.is(await t.throwsAsync(shell.run('next', 1000)), error, "a late answer must not be taken for the next one's");
});

test('a flood ends in a refusal and not in the end of memory', async (t) => {
  const chunk = Buffer.alloc(2 ** 20, 'x');
  const shell = new PortShell(
    new FakePort(({nonce, reply}) => {
      reply(`memhp-begin ${nonce}\n`, ...Array.from({length: OUTPUT_LIMIT / 2 ** 20}, () => chunk));
    }),
  );
  await t.throwsAsync(shell.run('x', 10_000), {
    instanceOf: Broken,
    message: `the guest's shell printed more than ${OUTPUT_LIMIT} bytes`,
  });
});

test('a port that closes ends the wait, and the next one does not wait at all', async (t) => {
  const port = new FakePort(() => {
    port.destroy();
  });
  const shell = new PortShell(port);
  await t.throwsAsync(shell.run('x', 1000), {instanceOf: Broken, message: "the guest's shell port was closed"});
  await t.throwsAsync(shell.run('x', 1000), {instanceOf: Broken, message: "the guest's shell port was closed"});
});
