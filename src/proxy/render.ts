import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { OperatorError } from '../errors.ts';
import { readIfThere, writeAtomically } from './files.ts';
import { folderUnusable, type NginxFolder } from './folder.ts';
import type { ProxyConfig } from './proxy-config.ts';

/** The two files that the supervisor waits for, and the revision that both carry. */
export interface ProxyFiles {
  /** 16 hex digits; the same content always has the same revision. */
  readonly revision: string;
  /** Content of `nginx.conf`. */
  readonly configuration: string;
  /** Content of `proxy.env`. */
  readonly environment: string;
}

/** Texts of the templates. */
export interface TemplateTexts {
  readonly configuration: string;
  readonly environment: string;
}

/** Turns settings into files. */
export type RenderProxyFiles = (config: ProxyConfig) => ProxyFiles;

/** Stands in for the revision while it is computed from everything else. */
const NO_REVISION = '0'.repeat(16);

/** Reads the templates from their folder. @throws OperatorError `PROXY_TEMPLATE_INVALID` */
export async function readTemplates(folder: string): Promise<TemplateTexts> {
  try {
    const [configuration, environment] = await Promise.all([
      readFile(join(folder, 'nginx.conf.hbs'), 'utf8'),
      readFile(join(folder, 'proxy.env.hbs'), 'utf8'),
    ]);
    return { configuration, environment };
  } catch (cause) {
    throw new OperatorError('PROXY_TEMPLATE_INVALID', { path: folder }, { cause });
  }
}

/**
 * Compiles the templates once; the result throws for a variable that is not given.
 *
 * @throws OperatorError `PROXY_TEMPLATE_INVALID` when a template cannot be parsed
 */
export function makeRenderer(templates: TemplateTexts): RenderProxyFiles {
  const renderConfiguration = compile('nginx.conf.hbs', templates.configuration);
  const renderEnvironment = compile('proxy.env.hbs', templates.environment);
  return (config) => {
    const draft = { ...config, revision: NO_REVISION };
    const revision = createHash('sha256')
      .update(JSON.stringify([renderConfiguration(draft), renderEnvironment(draft)]))
      .digest('hex')
      .slice(0, NO_REVISION.length);
    const view = { ...config, revision };
    return {
      revision,
      configuration: renderConfiguration(view),
      environment: renderEnvironment(view),
    };
  };
}

/**
 * Puts the files into the nginx folder, each in one step; true when something changed.
 *
 * @remarks
 * `proxy.env` comes first: the supervisor acts on `nginx.conf` once both revisions agree.
 *
 * @throws OperatorError `PROXY_FOLDER_UNUSABLE`
 */
export async function writeProxyFiles(folder: NginxFolder, files: ProxyFiles): Promise<boolean> {
  try {
    const isEnvironmentNew = await replace(folder.environment, files.environment);
    const isConfigurationNew = await replace(folder.configuration, files.configuration);
    return isEnvironmentNew || isConfigurationNew;
  } catch (cause) {
    throw folderUnusable(folder.path, cause);
  }
}

type View = ProxyConfig & { readonly revision: string };

function compile(name: string, text: string): (view: View) => string {
  const invalid = (cause: unknown): OperatorError =>
    new OperatorError('PROXY_TEMPLATE_INVALID', { template: name }, { cause });
  const options = { strict: true, noEscape: true, knownHelpersOnly: true };
  const handlebars = Handlebars.create();
  let template: (view: View) => string;
  try {
    // Compiling is lazy; parsing first shows a broken template before anything is rendered.
    template = handlebars.compile<View>(handlebars.parse(text), options);
  } catch (cause) {
    throw invalid(cause);
  }
  return (view) => {
    try {
      return template(view);
    } catch (cause) {
      throw invalid(cause);
    }
  };
}

async function replace(path: string, content: string): Promise<boolean> {
  if ((await readIfThere(path)) === content) return false;
  await writeAtomically(path, content, { sync: true });
  return true;
}
