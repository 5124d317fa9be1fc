import { expect } from 'chai';
import { guardBody, guardCaller } from '../../../src/api/access/guards.ts';

const host = '127.0.0.1:7443';
const headers = { host, 'impersonate-user': 'bob' };

describe('the guards of the resource API', () => {
  it('refuse to act as somebody else', () => {
    const url = '/apis/clearway.dev/v1alpha1/taskroutes?limit=500';
    expect(() => guardCaller({ method: 'GET', url, headers })).to.throw(/nobody may act/);
  });

  it('let discovery pass whoever one acts as, so that kubectl shows the refusal', () => {
    for (const url of ['/api', '/apis?timeout=32s', '/apis/clearway.dev/v1alpha1', '/openapi/v3']) {
      expect(() => guardCaller({ method: 'GET', url, headers }), url).not.to.throw();
    }
    expect(() => guardCaller({ method: 'POST', url: '/api', headers })).to.throw();
  });

  it('take a body without a type, as kubectl create --raw sends it', () => {
    const typeless = { host, 'content-length': '2' };
    expect(() => guardBody({ method: 'POST', headers: typeless })).not.to.throw();
  });

  it('refuse types that a browser sends without asking', () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const typed = { host, 'content-type': type };
      expect(() => guardBody({ method: 'POST', headers: typed }), type).to.throw(/unknown format/);
    }
  });
});
