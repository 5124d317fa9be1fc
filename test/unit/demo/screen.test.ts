import { expect } from 'chai';
import { Screen } from '../../../src/embedded/demo/screen.ts';
import type { RouteRow } from '../../../src/embedded/demo/table.ts';

const URL = 'http://127.0.0.1:8080';

function aRow(overrides: Partial<RouteRow> = {}): RouteRow {
  return {
    key: 'k',
    task: 'notebook',
    user: 'alice',
    protocol: 'http',
    endpoint: '',
    state: 'Requested',
    ageMs: 5000,
    ...overrides,
  };
}

function aScreen(terminal: { readonly isTTY?: boolean; readonly rows?: number } = {}): {
  screen: Screen;
  written: string[];
} {
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text), columns: 100, ...terminal };
  const timeOfDay = (): string => '12:00:00';
  return { screen: new Screen({ output, routerUrl: URL, color: false, timeOfDay }), written };
}

describe('Screen', () => {
  it('appends a line for each change where there is no terminal', () => {
    const { screen, written } = aScreen();

    screen.show([aRow()]);
    screen.show([aRow({ ageMs: 6000 })]);
    screen.show([aRow({ state: 'Ready', endpoint: `${URL}/service/1/`, task: 'a\u001bb' })]);

    expect(written).to.deep.equal([
      '12:00:00  Requested  http  notebook (alice)\n',
      `12:00:00  Ready      http  a�b (alice)  ${URL}/service/1/\n`,
    ]);
  });

  it('draws over its own lines on a terminal', () => {
    const { screen, written } = aScreen({ isTTY: true });

    screen.show([aRow()]);
    screen.show([aRow(), aRow()]);
    screen.show([aRow()]);

    const back = written.map((text) => /^\u001b\[(\d+)A/u.exec(text)?.[1]);
    expect(back).to.deep.equal([undefined, '4', '5']);
    expect(written.every((text) => text.endsWith('\u001b[J'))).to.equal(true);
  });

  it('never draws more lines than the terminal has', () => {
    const { screen, written } = aScreen({ isTTY: true, rows: 8 });

    screen.show(Array.from({ length: 30 }, () => aRow()));

    expect(written[0]?.split('\n').length).to.be.at.most(8);
  });

  it('says other things above the table', () => {
    const { screen, written } = aScreen({ isTTY: true });
    screen.show([aRow()]);

    screen.say('hello');
    screen.show([aRow()]);

    expect(written[1]).to.equal('\u001b[4A\r\u001b[Jhello\n');
    expect(written[2]).to.match(/^TASK/u);
  });
});
