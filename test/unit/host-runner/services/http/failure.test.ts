import { describe, expect, it } from 'vitest';
import { explain, HttpFailure, oneLine } from '../../../../../src/host-runner/services/http/failure.js';

const before = { peer: 'host:80', receivedBytes: null, announcedBytes: null };
const error = (fields: object) => Object.assign(new Error('as it is'), fields);

describe('the words of a failure', () => {
  it.each([
    [{ code: 'ECONNREFUSED' }, 'connection refused (host:80)'],
    [{ code: 'ENOTFOUND', hostname: 'name' }, 'the name "name" could not be resolved'],
    [{ code: 'EAI_AGAIN', hostname: 'name' }, 'the name "name" could not be resolved for now'],
    [{ code: 'EHOSTUNREACH' }, 'no route to host:80'],
    [{ code: 'ENETUNREACH' }, 'no route to host:80'],
    [{ code: 'ETIMEDOUT' }, 'the connection to host:80 timed out'],
    [{ code: 'EPIPE' }, 'host:80 reset the connection before it answered'],
    [{ code: 'ELSE' }, 'as it is'],
    [{}, 'as it is'],
  ])('%j', (fields, words) => {
    expect(explain(error(fields), before)).toMatchObject({ message: words, transient: true });
  });

  it('say how far the request had come', () => {
    const closed = error({ code: 'UND_ERR_SOCKET' });
    const words = (receivedBytes: number | null, announcedBytes: number | null) =>
      explain(closed, { peer: 'p', receivedBytes, announcedBytes }).message;
    expect(words(0, 5)).toBe('p closed the connection after 0 of 5 bytes of the body');
    expect(words(3, null)).toBe('p closed the connection after 3 bytes of the body');
  });

  it('are those of the first address that was tried', () => {
    const tried = new AggregateError([error({ code: 'ECONNREFUSED' }), error({ code: 'ENETUNREACH' })]);
    expect(explain(tried, before).message).toBe('connection refused (host:80)');
  });

  it('are kept, and a request that cannot succeed is not tried again', () => {
    const failure = new HttpFailure('in words');
    expect(explain(failure, before)).toBe(failure);
    expect(failure.transient).toBe(false);
    expect(explain(error({ code: 'UND_ERR_INVALID_ARG' }), before).transient).toBe(false);
    expect(explain('no error', before).message).toBe('no error');
  });

  it('are one short line', () => {
    expect(oneLine('a\nb\0\u001b[31mä')).toBe('a?b??[31mä');
    expect(oneLine('x'.repeat(1000))).toHaveLength(300);
  });
});
