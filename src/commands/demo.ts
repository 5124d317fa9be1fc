import { UsageError, type Command } from '../cli.ts';
import { failureText, runDemoProcess, type DemoProcess } from '../embedded/demo/command.ts';
import { readDemoOptions } from '../embedded/demo/options.ts';
import { hasCode } from '../errors.ts';

const DESCRIPTION = `
Starts the embedded ClearML API with two users and some tasks, a router, a real nginx, and real applications behind it: a
small web application with a websocket, a stream and an upload form, and an SSH server. Prints where they are, how to
sign in and what to try, and shows which routes come and go. Everything listens on this machine only and is gone after
Ctrl-C. See docs/demo.md.
`;

/** Makes `clearway demo`. */
export function demoCommand(process: DemoProcess): Command {
  return {
    name: 'demo',
    summary: 'Try everything on this machine: API, router, proxy and applications.',
    positionals: [],
    options: {
      host: { type: 'string', value: 'ADDRESS', doc: 'Address that users open (127.0.0.1).' },
      port: { type: 'string', value: 'PORT', doc: 'Listen port of the proxy (a free one).' },
      duration: { type: 'string', value: 'SECONDS', doc: 'End after this time (never).' },
      'no-churn': { type: 'boolean', doc: 'Keep demo tasks from coming and going.' },
      'ready-file': { type: 'string', value: 'PATH', doc: 'JSON to write when all is up.' },
    },
    description: DESCRIPTION,
    run: async (args, io) => {
      const read = readDemoOptions({
        host: args.text('host'),
        port: args.text('port'),
        duration: args.text('duration'),
        readyFile: args.text('ready-file'),
        noChurn: args.has('no-churn'),
      });
      if ('problems' in read) throw new UsageError(read.problems.join('; '));
      try {
        await runDemoProcess(read.options, process, io.signal);
        return 0;
      } catch (error) {
        if (!hasCode(error, 'DEMO_FAILED')) throw error;
        io.err(failureText(error));
        return 1;
      }
    },
  };
}
