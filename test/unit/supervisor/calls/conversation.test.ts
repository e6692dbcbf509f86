import { describe, expect, it } from 'vitest';
import { conversationOf } from '../../../../src/supervisor/calls/conversation.js';
import { type MessageParamsInput, toWireParams } from '../../../../src/wire/params.js';

const of = (params: MessageParamsInput) => conversationOf({ message: { params: toWireParams(params) } });

describe('the conversation of an event', () => {
  it('is that of the two who talk, whichever of them wrote', () => {
    expect(of({ from: 'al', to: 'bo' })).toBe(of({ from: 'bo', to: 'al', id: 7 }));
    expect(of({ from: 'al', to: 'bo' })).not.toBe(of({ from: 'al', to: 'bob' }));
    expect(of({ from: 'al', to: 'bo' })).not.toBe(of({ from: 'alb', to: 'o' }));
    expect(of({ from: 'al' })).toBe(of({ to: 'al' }));
  });

  it('is that of the group, where there is one', () => {
    expect(of({ groupid: 5, from: 'al' })).toBe(of({ groupid: 5, from: 'bo', to: 'x' }));
    expect(of({ groupid: 5 })).not.toBe(of({ groupid: 5n + (1n << 32n) }));
    expect(of({ groupid: 0, from: 'al', to: 'bo' })).toBe(of({ from: 'al', to: 'bo' }));
  });

  it('tells addresses apart that are no text', () => {
    const [one, other] = [0xfe, 0xff].map((byte) =>
      conversationOf({ message: { params: { to: Buffer.from([byte]) } } }),
    );
    expect(one).not.toBe(other);
  });

  it('is not the same for messages and for notifications', () => {
    const params = toWireParams({ from: 'al', to: 'bo' });
    const names = [
      { message: { params } },
      { status: params },
      { login: { address: Buffer.from('al') } },
      { call: {} },
    ];
    expect(new Set(names.map(conversationOf)).size).toBe(4);
  });
});
