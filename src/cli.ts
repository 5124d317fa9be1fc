import { parseArgs } from 'node:util';
import { isAbort, toOperatorError } from './errors.ts';
import { ERROR_HELP } from './resources/error-help.ts';
import { nearestName } from './settings/nearest.ts';
import { redactText } from './telemetry/redact.ts';

/** Where a command writes, and when it must end. */
export interface CommandIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly signal: AbortSignal;
}

/** One option of a command. */
export interface CommandOption {
  readonly type: 'string' | 'boolean';
  /** One letter that stands for it behind a single dash. */
  readonly short?: string;
  /** What stands for the value in the help text; only with a string. */
  readonly value?: string;
  readonly doc: string;
}

/** What was written behind the name of a command. */
export interface CommandArgs {
  readonly positionals: readonly string[];
  /** The text of a string option; undefined when it was not written. */
  readonly text: (option: string) => string | undefined;
  /** True when a boolean option was written. */
  readonly has: (option: string) => boolean;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Names of the positional arguments that are required. */
  readonly positionals: readonly string[];
  /** Names of those that may follow. */
  readonly optionalPositionals?: readonly string[];
  readonly options: Readonly<Record<string, CommandOption>>;
  /** Paragraphs of the help text. */
  readonly description: string;
  /** @returns the exit code */
  readonly run: (args: CommandArgs, io: CommandIo) => Promise<number>;
}

/** Everything that the command line offers. */
export interface Program {
  readonly version: string;
  readonly commands: readonly Command[];
}

/** Thrown by a command whose arguments make no sense together; the message says what is expected. */
export class UsageError extends Error {}

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

/**
 * Runs the command that the arguments name.
 *
 * @returns the exit code: 0 when all went well, 1 when it did not, 2 for arguments that make no sense, 130 when the
 *   signal ended the command
 */
export async function runCli(
  argv: readonly string[],
  program: Program,
  io: CommandIo,
): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    io.err(programHelp(program));
    return EXIT_USAGE;
  }
  if (name === '--version') {
    io.out(`clearway ${program.version}\n`);
    return 0;
  }
  if (['--help', '-h', 'help'].includes(name)) return showHelp(rest, program, io);
  const command = program.commands.find((candidate) => candidate.name === name);
  if (command === undefined) return unknownCommand(name, program, io);
  return runCommand(command, rest, io);
}

function showHelp(rest: readonly string[], program: Program, io: CommandIo): number {
  const [name] = rest;
  const command = program.commands.find((candidate) => candidate.name === name);
  if (name !== undefined && command === undefined) return unknownCommand(name, program, io);
  io.out(command === undefined ? programHelp(program) : commandHelp(command));
  return 0;
}

function unknownCommand(name: string, { commands }: Program, io: CommandIo): number {
  const kind = name.startsWith('-') ? 'option' : 'command';
  const nearest = nearestName(
    name,
    commands.map((command) => command.name),
  );
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  const list = 'Run "clearway --help" for the list of commands.';
  io.err(`clearway: there is no ${kind} ${JSON.stringify(name)}.${hint} ${list}\n`);
  return EXIT_USAGE;
}

async function runCommand(
  command: Command,
  rest: readonly string[],
  io: CommandIo,
): Promise<number> {
  try {
    const { args, wantsHelp } = readArguments(command, rest);
    if (wantsHelp) {
      io.out(commandHelp(command));
      return 0;
    }
    const missing = command.positionals[args.positionals.length];
    if (missing !== undefined) throw new UsageError(`<${missing}> is missing`);
    return await command.run(args, io);
  } catch (error) {
    return explain(error, command, io);
  }
}

function readArguments(
  command: Command,
  rest: readonly string[],
): { readonly args: CommandArgs; readonly wantsHelp: boolean } {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { type, short }]) => {
      return [name, { type, ...(short === undefined ? {} : { short }) }] as const;
    }),
  );
  const { values, positionals } = parseOrRefuse(rest, options);
  const wantsHelp = values['help'] === true;
  const { optionalPositionals = [] } = command;
  const extra = positionals[command.positionals.length + optionalPositionals.length];
  if (!wantsHelp && extra !== undefined) {
    throw new UsageError(`${JSON.stringify(extra)} is one argument too many`);
  }
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return { args: { positionals, text, has: (name) => values[name] === true }, wantsHelp };
}

function parseOrRefuse(
  rest: readonly string[],
  options: Readonly<Record<string, Pick<CommandOption, 'type' | 'short'>>>,
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: string[] } {
  try {
    return parseArgs({
      args: [...rest],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the arguments make no sense', {
      cause: error,
    });
  }
}

function explain(error: unknown, command: Command, io: CommandIo): number {
  if (error instanceof UsageError) {
    const help = `Run "clearway ${command.name} --help".`;
    io.err(`clearway ${command.name}: ${error.message.replace(/\.*$/, '.')} ${help}\n`);
    return EXIT_USAGE;
  }
  if (io.signal.aborted && isAbort(error)) return EXIT_INTERRUPTED;
  const { code, message, details, cause } = toOperatorError(error);
  const more = Object.keys(details).length === 0 ? '' : ` ${JSON.stringify(details)}`;
  const why = code === 'UNEXPECTED' && cause instanceof Error ? `: ${cause.message}` : '';
  const help = ERROR_HELP[code];
  io.err(redactText(`clearway ${command.name}: ${message}${why} (${code})${more}\n  ${help}\n`));
  return EXIT_FAILED;
}

function programHelp({ version, commands }: Program): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    `Clearway ${version}, an open application gateway for ClearML.`,
    '',
    'Usage: clearway <command> [options]',
    '',
    'Commands:',
    ...lines,
    '',
    'Run "clearway <command> --help" for what a command does and takes.',
    'Settings are environment variables: see docs/settings.md.',
    '',
  ].join('\n');
}

function commandHelp(command: Command): string {
  const rows = [
    ...Object.entries(command.options).map(
      ([name, { short, value, doc }]) =>
        [
          `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
          doc,
        ] as const,
    ),
    ['-h, --help', 'Show this text.'] as const,
  ];
  const width = Math.max(...rows.map(([left]) => left.length));
  const { positionals: required, optionalPositionals: optional = [] } = command;
  const positionals = [
    ...required.map((name) => ` <${name}>`),
    ...optional.map((name) => ` [${name}]`),
  ].join('');
  return [
    `Usage: clearway ${command.name}${positionals} [options]`,
    '',
    command.summary,
    '',
    ...command.description.trim().split('\n'),
    '',
    'Options:',
    ...rows.map(([left, doc]) => `  ${left.padEnd(width)}  ${doc}`),
    '',
  ].join('\n');
}
