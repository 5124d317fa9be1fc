import { expect } from 'chai';
import { ProgrammedGenerations } from '../../../src/controllers/programmed-generations.ts';
import { EMPTY_TABLE } from '../../../src/domain/route-table.ts';
import { aTable, aTcpEntry, anHttpEntry } from '../../support/route-tables.ts';

describe('ProgrammedGenerations', () => {
  it('knows since which generation an entry is as it is', () => {
    const programmed = new ProgrammedGenerations();
    programmed.applied(aTable('a'), 5);
    programmed.applied(aTable('a', 'b'), 6);

    expect([programmed.of('a.http'), programmed.of('b.http')]).to.deep.equal([5, 6]);
    expect(programmed.of('c.http')).to.equal(undefined);
  });

  it('forgets what left the table', () => {
    const programmed = new ProgrammedGenerations();
    programmed.applied(aTable('a'), 5);
    programmed.applied(EMPTY_TABLE, 6);

    expect(programmed.of('a.http')).to.equal(undefined);
    expect(programmed.live(10)).to.deep.equal([]);
  });

  it('follows a route to another port', () => {
    const programmed = new ProgrammedGenerations();
    programmed.applied({ http: {}, tcp: { '30000': aTcpEntry('a') } }, 5);
    programmed.applied({ http: {}, tcp: { '30001': aTcpEntry('a') } }, 6);

    expect(programmed.of('a.tcp')).to.equal(6);
  });

  it('emits the routes whose entries changed, each once', () => {
    const programmed = new ProgrammedGenerations();
    const changed: string[] = [];
    programmed.changes.subscribe((name) => changed.push(name));
    programmed.applied(aTable('a', 'b'), 5);
    programmed.applied(
      { http: { a: anHttpEntry('a'), b: anHttpEntry('b', { port: 1 }) }, tcp: {} },
      6,
    );

    expect(changed).to.deep.equal(['a.http', 'b.http', 'b.http']);
  });

  it('names routes as live until somebody looked, though acknowledgements come and go', () => {
    const programmed = new ProgrammedGenerations();
    programmed.applied(aTable('a'), 5);
    programmed.applied(aTable('a', 'b'), 6);
    expect(programmed.live(4)).to.deep.equal([]);
    expect(programmed.live(5)).to.deep.equal(['a.http']);

    // The proxy went before anybody looked.
    programmed.confirm('a.http', 0);
    expect(programmed.live(6)).to.deep.equal(['a.http', 'b.http']);
    programmed.confirm('a.http', 6);
    expect(programmed.live(6)).to.deep.equal(['b.http']);
  });

  it('names a route again when its entry changed', () => {
    const programmed = new ProgrammedGenerations();
    programmed.applied(aTable('a'), 5);
    programmed.confirm('a.http', 5);
    programmed.applied({ http: { a: anHttpEntry('a', { port: 1 }) }, tcp: {} }, 6);

    expect(programmed.live(5)).to.deep.equal([]);
    expect(programmed.live(6)).to.deep.equal(['a.http']);
  });

  it('knows where the table has a route, and when it has moved', () => {
    const programmed = new ProgrammedGenerations();
    const told: string[] = [];
    programmed.changes.subscribe((route) => told.push(route));
    programmed.applied({ http: { '/x': anHttpEntry('a1') }, tcp: {} }, 1);
    programmed.applied({ http: { '/y': anHttpEntry('a1') }, tcp: { '30000': aTcpEntry('a1') } }, 2);

    expect(programmed.keyOf('a1.http')).to.equal('/y');
    expect(programmed.of('a1.http')).to.equal(2);
    expect(programmed.keyOf('a1.tcp')).to.equal('30000');
    programmed.applied({ http: {}, tcp: {} }, 3);
    expect(programmed.keyOf('a1.http')).to.equal(undefined);
    expect(told.filter((route) => route === 'a1.http')).to.have.length(3);
  });
});
