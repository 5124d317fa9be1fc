import { expect } from 'chai';
import {
  runCli,
  UsageError,
  type Command,
  type CommandIo,
  type Program,
} from '../../../src/cli.ts';
import { OperatorError } from '../../../src/errors.ts';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function aCommand(overrides: Partial<Command> = {}): Command {
  return {
    name: 'expose',
    summary: 'Asks for an endpoint.',
    positionals: ['task id'],
    options: {
      port: { type: 'string', value: 'N', doc: 'The port.' },
      tcp: { type: 'boolean', doc: 'TCP.' },
    },
    description: 'Writes the keys.',
    run: (args, io) => {
      io.out(`${args.positionals.join()} ${String(args.text('port'))} ${String(args.has('tcp'))}`);
      return Promise.resolve(0);
    },
    ...overrides,
  };
}

async function run(argv: readonly string[], command = aCommand()): Promise<Said> {
  const said = { out: '', err: '' };
  const io: CommandIo = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    signal: new AbortController().signal,
  };
  const program: Program = { version: '1.2.3', commands: [command] };
  return { code: await runCli(argv, program, io), ...said };
}

describe('runCli', () => {
  it('runs the command with its arguments', async () => {
    expect(await run(['expose', 't1', '--port', '80', '--tcp'])).to.deep.equal({
      code: 0,
      out: 't1 80 true',
      err: '',
    });
  });

  it('takes short options, and arguments that may be left out', async () => {
    const command = aCommand({
      positionals: ['resource'],
      optionalPositionals: ['name'],
      options: {
        port: { type: 'string', short: 'p', value: 'N', doc: 'The port.' },
        tcp: { type: 'boolean', short: 't', doc: 'TCP.' },
      },
    });

    expect((await run(['expose', 'tr', 'x', '-tp', '80'], command)).out).to.equal('tr,x 80 true');
    expect((await run(['expose', 'tr'], command)).out).to.equal('tr undefined false');
    expect((await run(['expose', 'tr', 'x', 'y'], command)).code).to.equal(2);
    expect((await run(['expose', '-t'], command)).code).to.equal(2);
    const { out } = await run(['expose', '--help'], command);
    expect(out).to.include('expose <resource> [name] [options]').and.to.include('  -p, --port N ');
  });

  it('lists the commands', async () => {
    for (const flag of ['--help', '-h', 'help']) {
      const { code, out } = await run([flag]);

      expect(code).to.equal(0);
      expect(out).to.include('expose  Asks for an endpoint.');
    }
  });

  it('shows the help of a command, whatever else is written', async () => {
    for (const argv of [
      ['expose', '--help'],
      ['help', 'expose'],
      ['expose', 'a', 'b', '-h'],
    ]) {
      const { code, out } = await run(argv);

      expect(code).to.equal(0);
      expect(out).to.include('Usage: clearway expose <task id> [options]');
      expect(out).to.include('--port N');
    }
  });

  it('shows its version', async () => {
    expect((await run(['--version'])).out).to.equal('clearway 1.2.3\n');
  });

  const MISTAKES: readonly (readonly [argv: readonly string[], expected: string])[] = [
    [['exposee'], 'there is no command "exposee". Did you mean "expose"?'],
    [['--port'], 'there is no option "--port".'],
    [['help', 'frobnicate'], 'there is no command "frobnicate".'],
    [['expose'], '<task id> is missing.'],
    [['expose', 'a', 'b'], '"b" is one argument too many.'],
    [['expose', 'a', '--prot', '1'], "Unknown option '--prot'"],
    [['expose', 'a', '--port'], "Option '--port <value>' argument missing."],
  ];
  for (const [argv, expected] of MISTAKES) {
    it(`explains "clearway ${argv.join(' ')}"`, async () => {
      const { code, err, out } = await run(argv);

      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.include(expected);
      expect(err).to.include('--help');
    });
  }

  it('shows the list of commands as an error when nothing is written', async () => {
    const { code, err } = await run([]);

    expect(code).to.equal(2);
    expect(err).to.include('Commands:');
  });

  it('explains what a command refuses', async () => {
    const refusing = aCommand({ run: () => Promise.reject(new UsageError('--port is missing')) });

    const { code, err } = await run(['expose', 't1'], refusing);

    expect(code).to.equal(2);
    expect(err).to.equal('clearway expose: --port is missing. Run "clearway expose --help".\n');
  });

  it('explains errors by message, code and details, without secrets', async () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJpZGVudGl0eSI6e319.c2lnbmF0dXJl';
    const error = new OperatorError('CLEARML_REFUSED', { code: 403, seen: `Bearer ${token}` });

    const { code, err } = await run(
      ['expose', 't1'],
      aCommand({ run: () => Promise.reject(error) }),
    );

    expect(code).to.equal(1);
    expect(err).to.include('the ClearML API refused the request (CLEARML_REFUSED)');
    expect(err).to.include('403');
    expect(err).not.to.include('eyJ');
  });
});
