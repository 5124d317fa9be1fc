import { join } from 'node:path';
import { expect } from 'chai';
import { OperatorError } from '../../../src/errors.ts';
import { proxyConfig } from '../../../src/proxy/proxy-config.ts';
import { makeRenderer, readTemplates } from '../../../src/proxy/render.ts';
import { someSettings } from '../../support/some-settings.ts';

const folder = join(import.meta.dirname, '../../../templates');

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof OperatorError ? error.code : String(error);
  }
  return undefined;
}

describe('makeRenderer', () => {
  it('writes one revision into both files, made of their content', async () => {
    const render = makeRenderer(await readTemplates(folder));

    const files = render(proxyConfig(someSettings(), 2));
    const other = render(proxyConfig(someSettings({ metricsPort: 9_999 }), 2));

    expect(files.revision).to.match(/^[0-9a-f]{16}$/);
    expect(files.configuration.split('\n')[0]).to.equal(`# clearway revision ${files.revision}`);
    expect(files.environment).to.include(`REVISION=${files.revision}\n`);
    expect(render(proxyConfig(someSettings(), 2))).to.deep.equal(files);
    expect(other.revision).to.not.equal(files.revision);
  });

  it('writes numbers, one hex word and plain paths only into proxy.env', async () => {
    const tcp = { address: 'gateway.example', start: 30_000, end: 30_010 };
    const render = makeRenderer(await readTemplates(folder));

    const { environment } = render(proxyConfig(someSettings({ tcp }), 'auto'));

    expect(environment).to.match(/^([A-Z_]+=([0-9a-f]*|[\w./-]+)\n)+$/);
    expect(environment).to.include('TCP_START=30000\nTCP_END=30010\n');
  });

  it('leaves out what the proxy has no use for', async () => {
    const tcp = { address: 'gateway.example', start: 30_000, end: 30_010 };
    const render = makeRenderer(await readTemplates(folder));

    expect(render(proxyConfig(someSettings(), 2)).configuration).to.not.include('js_import');
    expect(render(proxyConfig(someSettings({ tcp }), 2)).configuration).to.include('js_import');
  });

  it('refuses a template with an unknown variable, an unknown helper or bad syntax', () => {
    const config = proxyConfig(someSettings(), 2);
    const render = (configuration: string) => () =>
      makeRenderer({ configuration, environment: '' })(config);

    expect(codeOf(render('{{nobody}}'))).to.equal('PROXY_TEMPLATE_INVALID');
    expect(codeOf(render('{{shell cookieName}}'))).to.equal('PROXY_TEMPLATE_INVALID');
    expect(codeOf(render('{{#if tcp}}'))).to.equal('PROXY_TEMPLATE_INVALID');
    expect(codeOf(render('{{cookieName}}'))).to.equal(undefined);
  });

  it('says which folder holds no templates', async () => {
    const error: unknown = await readTemplates('/nonexistent').catch((thrown: unknown) => thrown);

    expect(error).to.have.property('code', 'PROXY_TEMPLATE_INVALID');
    expect(error).to.have.nested.property('details.path', '/nonexistent');
  });
});
