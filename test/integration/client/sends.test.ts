import { once } from 'node:events';
import Long from 'long';
import { describe, expect, it } from 'vitest';
import type { ReceivedSend } from '../../../src/client/index.js';
import type { SendFrame } from '../../../src/wire/gateway/frames.js';
import { startRig, text } from './rig.js';

function sendOf(sentId: string, rest: Partial<SendFrame> = {}): SendFrame {
  const params = { id: Long.fromNumber(9, true), to: text('bob') };
  return { kind: 'send', sentId, module: 'echo', params, payload: text(`text of ${sentId}`), cause: null, ...rest };
}

describe('a send', () => {
  it('goes to the handler, and is acknowledged when that resolves', async () => {
    const got: ReceivedSend[] = [];
    const { gateway, client } = await startRig({ onSend: (send) => got.push(send) > 2, sendWindow: 7 });
    const core = await gateway.meet();
    expect(core.said).toMatchObject({ takesSends: true, window: 7 });
    core.say(sendOf('1', { cause: 2n ** 64n - 1n }), sendOf('2'), sendOf('3'));
    expect(await core.take('ack')).toEqual({ kind: 'ack', sentIds: ['1', '2', '3'], refused: false });
    expect(got.map(({ sentId, module, payload }) => [sentId, module, `${payload}`])).toEqual([
      ['1', 'echo', 'text of 1'],
      ['2', 'echo', 'text of 2'],
      ['3', 'echo', 'text of 3'],
    ]);
    expect(got[0]).toMatchObject({ cause: 2n ** 64n - 1n, params: { id: 9n, to: 'bob', from: null } });
    expect(got[1]?.cause).toBeNull();
    expect(client.stats).toMatchObject({ sends: 3, acknowledged: 3, refusedSends: 0 });
  });

  it('is refused when the handler fails, and a number is its status', async () => {
    const { gateway, client, warnings } = await startRig({
      onSend: async ({ sentId }) => {
        if (sentId === 'bad') throw new Error('nobody there');
        return sentId === 'odd' ? -1 : 2;
      },
    });
    const core = await gateway.meet();
    core.say(sendOf('good'), sendOf('bad'), sendOf('odd'));
    expect(await core.take('ack')).toEqual({ kind: 'ack', sentIds: ['good', 'odd'], refused: false });
    expect(await core.take('ack')).toEqual({ kind: 'ack', sentIds: ['bad'], refused: true });
    expect(await core.take('send_status')).toMatchObject({ sentId: 'good', status: 2 });
    expect(client.stats).toMatchObject({ sends: 3, acknowledged: 2, refusedSends: 1 });
    expect(warnings.join('\n')).toContain('refused by onSend: Error: nobody there');
    expect(warnings.join('\n')).toContain('onSend returned -1 for odd, which is not a status');
    expect(client.reportStatus('good', 3, { to: 'bob' })).toBe(true);
    expect(await core.take('send_status')).toMatchObject({ sentId: 'good', status: 3 });
  });

  it('that comes again while its handler runs is delivered once, and acknowledged over the new connection', async () => {
    const ends: (() => void)[] = [];
    const { gateway, client } = await startRig({ onSend: () => new Promise<void>((end) => ends.push(end)) });
    const core = await gateway.meet();
    core.say(sendOf('1'));
    while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const down = once(client, 'down');
    core.socket.destroy();
    await down;
    expect(client.reportStatus('1', 3)).toBe(false);
    const next = await gateway.meet();
    next.say(sendOf('1'), sendOf('2'));
    while (ends.length === 1) await new Promise((resolve) => setImmediate(resolve));
    for (const end of ends) end();
    expect(await next.take('ack')).toEqual({ kind: 'ack', sentIds: ['1', '2'], refused: false });
    expect(client.stats).toMatchObject({ sends: 2, acknowledged: 2, repeatedSends: 0 });
  });

  it('whose answer was lost with the connection is answered again, and not delivered twice', async () => {
    const got: string[] = [];
    const { gateway, client } = await startRig({
      onSend: ({ sentId }) => {
        got.push(sentId);
        if (sentId === 'bad') throw new Error('no');
      },
    });
    const core = await gateway.meet();
    core.say(sendOf('good'), sendOf('bad'));
    await core.take('ack');
    core.socket.destroy();
    const next = await gateway.meet();
    next.say(sendOf('good'), sendOf('bad'), sendOf('new'));
    const answers: [string, boolean][] = [];
    while (answers.length < 3) {
      const { sentIds, refused } = await next.take('ack');
      for (const sentId of sentIds) answers.push([sentId, refused]);
    }
    expect(new Map(answers)).toEqual(
      new Map([
        ['good', false],
        ['bad', true],
        ['new', false],
      ]),
    );
    expect(got).toEqual(['good', 'bad', 'new']);
    expect(client.stats).toMatchObject({ sends: 3, repeatedSends: 2 });
  });

  it.each(['before', 'after'])(
    'has one answer and one status, when its handler ends %s the next welcome',
    async (when) => {
      const ends: ((status: number) => void)[] = [];
      const { gateway, client } = await startRig({ onSend: () => new Promise<number>((end) => ends.push(end)) });
      const core = await gateway.meet();
      core.say(sendOf('1'));
      while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const down = once(client, 'down');
      core.socket.destroy();
      await down;
      const end = async () => {
        ends[0]?.(2);
        while (client.stats.acknowledged === 0) await new Promise((resolve) => setImmediate(resolve));
      };
      if (when === 'before') await end();
      const up = once(client, 'up');
      const next = await gateway.meet();
      await up;
      if (when === 'after') await end();
      next.say(sendOf('1'));
      while (client.stats.repeatedSends === 0) await new Promise((resolve) => setImmediate(resolve));
      client.reportStatus('the last', 3);
      const frames: unknown[] = [];
      for (
        let frame = await next.next();
        frame?.kind !== 'send_status' || frame.sentId === '1';
        frame = await next.next()
      ) {
        frames.push(frame);
      }
      expect(frames).toEqual([
        { kind: 'ack', sentIds: ['1'], refused: false },
        expect.objectContaining({ kind: 'send_status', sentId: '1', status: 2 }),
      ]);
    },
  );

  it('that is being handled when the client closes is answered before the end', async () => {
    let end: () => void = () => {};
    const { gateway, client } = await startRig({
      onSend: () =>
        new Promise<void>((resolve) => {
          end = resolve;
          void client.close();
          core.say(sendOf('2'));
        }),
    });
    const core = await gateway.meet();
    core.say(sendOf('1'));
    while (client.stats.sends === 0) await new Promise((resolve) => setImmediate(resolve));
    setImmediate(end);
    // The second one came behind the close: it is not taken, and will come again.
    expect(await core.take('ack')).toMatchObject({ sentIds: ['1'] });
    expect(await core.next()).toBeNull();
    expect(client.stats.sends).toBe(1);
  });
});
