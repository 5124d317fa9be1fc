import type { Command, CommandArgs } from '../cli.ts';
import { UsageError } from '../cli.ts';
import { runDemoApi, type DemoApiOptions } from '../embedded/demo-api.ts';

const DESCRIPTION = `
Runs the ClearML API that is built into Clearway, for trying Clearway without a ClearML server and for tests: tasks,
queues, users and tokens, in memory. The real ClearML SDK works with it. It is no replacement for a server.
`;

/** Makes `clearway demo-api`. */
export function demoApiCommand(): Command {
  return {
    name: 'demo-api',
    summary: 'Run the embedded ClearML API alone.',
    positionals: [],
    options: {
      host: { type: 'string', value: 'ADDRESS', doc: 'Address to listen on (127.0.0.1).' },
      port: { type: 'string', value: 'PORT', doc: 'Port to listen on; 0 picks a free one (8008).' },
      seed: { type: 'string', value: 'FILE', doc: 'JSON with users, queues, projects and tasks.' },
      'feature-set': {
        type: 'string',
        value: 'SET',
        doc: 'basic (open source) or advanced (basic).',
      },
      'ready-file': { type: 'string', value: 'PATH', doc: 'JSON to write once the API answers.' },
    },
    description: DESCRIPTION,
    run: async (args, io) => {
      await runDemoApi({ ...readOptions(args), print: (line) => io.out(`${line}\n`) }, io.signal);
      return 0;
    },
  };
}

function readOptions(args: CommandArgs): Omit<DemoApiOptions, 'print'> {
  const seedFile = args.text('seed');
  const readyFile = args.text('ready-file');
  return {
    host: args.text('host') ?? '127.0.0.1',
    port: readPort(args.text('port') ?? '8008'),
    featureSet: readFeatureSet(args.text('feature-set') ?? 'basic'),
    ...(seedFile === undefined ? {} : { seedFile }),
    ...(readyFile === undefined ? {} : { readyFile }),
  };
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`--port ${JSON.stringify(text)} is no port from 0 to 65535`);
}

function readFeatureSet(text: string): 'basic' | 'advanced' {
  if (text === 'basic' || text === 'advanced') return text;
  throw new UsageError(`--feature-set ${JSON.stringify(text)} is neither basic nor advanced`);
}
