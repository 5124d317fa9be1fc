import { expect } from 'chai';
import { OperatorError } from '../../../src/errors.ts';
import { createLogger, type Logger } from '../../../src/telemetry/logger.ts';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJpZGVudGl0eSI6e319.c2lnbmF0dXJl';

/** A logger that keeps its lines, raw and parsed. */
function aLogger(level = 'debug'): {
  readonly log: Logger;
  readonly raw: () => string;
  readonly lines: () => readonly Record<string, unknown>[];
} {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  return {
    log: createLogger({ level, router: 'main-router', destination }),
    raw: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('createLogger', () => {
  it('writes one JSON object a line with time, level by name, router, fields and message', () => {
    const { log, lines } = aLogger();

    log.info({ task: 't1', route: 't1.http', port: 8080 }, 'route accepted');

    const [line] = lines();
    expect(line).to.deep.include({
      level: 'info',
      router: 'main-router',
      task: 't1',
      route: 't1.http',
      port: 8080,
      message: 'route accepted',
    });
    expect(new Date(String(line?.['time'])).toISOString()).to.equal(line?.['time']);
    expect(line).not.to.have.any.keys('pid', 'hostname');
  });

  it('says nothing below its level', () => {
    const { log, raw } = aLogger('warn');

    log.info('quiet');

    expect(raw()).to.equal('');
  });

  const SECRETS: readonly (readonly [what: string, fields: Record<string, unknown>])[] = [
    ['an authorization header', { headers: { Authorization: 'Custom hidden-value' } }],
    ['a cookie', { request: { headers: { cookie: 'tok=hidden-value' } } }],
    ['cookies that are set', { 'set-cookie': ['a=hidden-value'] }],
    ['an access key', { clearml: { accessKey: 'hidden-value' } }],
    ['a secret key', { secret_key: 'hidden-value' }],
    ['a token', { token: 'hidden-value' }],
    ['a password deep inside', { a: [{ b: { _ssh_password: 'hidden-value' } }] }],
    ['a runtime dict', { task: { runtime: { anything: 'hidden-value' } } }],
    ['an offline key', { jwks: 'hidden-value' }],
    ['a credential', { question: { credential: 'hidden-value' } }],
  ];
  for (const [what, fields] of SECRETS) {
    it(`takes out ${what}`, () => {
      const { log, raw } = aLogger();

      log.info(fields, 'said');

      expect(raw()).to.include('[redacted]');
      expect(raw()).not.to.include('hidden-value');
    });
  }

  it('takes secrets out of messages, fields of child loggers, errors and their causes', () => {
    const { log, raw, lines } = aLogger();
    const cause = new Error(`refused: Authorization: Bearer ${JWT}`);
    const error = new OperatorError('CLEARML_REFUSED', { token: 'hidden-value' }, { cause });

    log.child({ header: `Bearer ${JWT}` }).info('child');
    log.info(`sent ${JWT} to https://user:hidden-value@proxy.example.com/`);
    log.error({ err: error }, 'failed');
    log.error(error);

    expect(lines()).to.have.length(4);
    expect(raw()).not.to.include('hidden-value');
    expect(raw()).not.to.include('eyJ');
  });

  it('describes an error by type, code, message, stack, details and cause', () => {
    const { log, lines } = aLogger();
    const cause = new Error('the socket was closed');

    log.warn({ err: new OperatorError('CLEARML_UNREACHABLE', { endpoint: 'x' }, { cause }) }, 'm');

    const err = lines()[0]?.['err'] as Record<string, unknown>;
    expect(err).to.deep.include({
      type: 'OperatorError',
      code: 'CLEARML_UNREACHABLE',
      outcome: 'retry',
      message: 'the ClearML API cannot be reached',
      details: { endpoint: 'x' },
    });
    expect(err['stack']).to.be.a('string');
    expect(err['cause']).to.include({ message: 'the socket was closed' });
  });

  it('survives whatever it is given', () => {
    const { log, lines } = aLogger();
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;

    log.info({ circular, big: 10n, nothing: null, missing: undefined, map: new Map() }, 'odd');

    expect(lines()[0]).to.include({ message: 'odd', big: '10' });
  });
});
