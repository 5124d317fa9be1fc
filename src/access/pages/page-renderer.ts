import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { OperatorError } from '../../errors.ts';

/** A moment in words and as HTML's `datetime` wants it; both empty when there is none. */
export interface Moment {
  readonly text: string;
  readonly iso: string;
}

/** What each page shows. Every variable is always given; empty text is nothing to show. */
export interface PageViews {
  readonly 'sign-in': {
    /** False where filling it in would be in vain. */
    readonly hasForm: boolean;
    /** What went wrong. */
    readonly problem: string;
    /** What helps, below the problem. */
    readonly advice: string;
    /** Address to open in a tab of its own. */
    readonly ownTab: string;
    readonly userName: string;
    readonly token: string;
    readonly to: string;
    /** Key of the route whose host asked, and the hash of its state. */
    readonly host: string;
    readonly state: string;
  };
  readonly 'sign-out': { readonly name: string; readonly token: string; readonly problem: string };
  readonly account: {
    readonly name: string;
    readonly since: Moment;
    readonly until: Moment;
    /** True when ClearML's own cookie says who it is. */
    readonly byClearml: boolean;
  };
  /** Goes to the address by itself. */
  readonly onward: { readonly target: string };
  readonly message: {
    readonly title: string;
    readonly text: string;
    readonly advice: string;
    /** Where one can go from here. */
    readonly links: readonly { readonly href: string; readonly text: string }[];
  };
}

/** Name of a page. */
export type PageName = keyof PageViews;

/** Makes the HTML of pages. */
export interface PageRenderer {
  /** The hash of the one style sheet, as Content-Security-Policy wants it: `sha256-…`. */
  readonly styleHash: string;
  render<N extends PageName>(name: N, view: PageViews[N]): string;
}

/** Texts of the templates. */
export interface PageTexts {
  /** What is around every page. */
  readonly frame: string;
  readonly style: string;
  readonly pages: Readonly<Record<PageName, string>>;
}

const PAGE_NAMES = [
  'sign-in',
  'sign-out',
  'account',
  'onward',
  'message',
] as const satisfies readonly PageName[];

/** Reads the templates of the pages from their folder. @throws OperatorError `PROXY_TEMPLATE_INVALID` */
export async function readPageTexts(folder: string): Promise<PageTexts> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  try {
    const [frame, style, ...pages] = await Promise.all([
      read('frame.hbs'),
      read('style.css'),
      ...PAGE_NAMES.map((name) => read(`${name}.hbs`)),
    ]);
    const texts = Object.fromEntries(PAGE_NAMES.map((name, index) => [name, pages[index] ?? '']));
    return { frame, style, pages: texts as Record<PageName, string> };
  } catch (cause) {
    throw new OperatorError('PROXY_TEMPLATE_INVALID', { path: folder }, { cause });
  }
}

/**
 * Compiles the templates once. Values are escaped, and one that is shown without being given throws.
 *
 * @throws OperatorError `PROXY_TEMPLATE_INVALID` when a template cannot be parsed
 */
export function makePageRenderer({ frame, style, pages }: PageTexts): PageRenderer {
  const handlebars = Handlebars.create();
  const options = { strict: true, knownHelpersOnly: true };
  const parsed = (name: string, text: string): hbs.AST.Program => {
    try {
      return handlebars.parse(text);
    } catch (cause) {
      throw new OperatorError('PROXY_TEMPLATE_INVALID', { template: name }, { cause });
    }
  };
  // The style is part of the frame and no variable: its hash is that of exactly this text.
  const whole = frame.replace('/* style */', () => style);
  handlebars.registerPartial('frame', handlebars.compile(parsed('frame', whole), options));
  const compiled = Object.fromEntries(
    PAGE_NAMES.map((name) => [name, handlebars.compile(parsed(name, pages[name]), options)]),
  ) as Record<PageName, HandlebarsTemplateDelegate>;
  const styleHash = createHash('sha256').update(style).digest('base64');
  return { styleHash: `sha256-${styleHash}`, render: (name, view) => compiled[name](view) };
}
