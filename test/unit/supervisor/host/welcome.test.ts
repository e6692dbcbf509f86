import { describe, expect, it } from 'vitest';
import { findProtocolProblem } from '../../../../src/supervisor/host/welcome.js';
import { PROTOCOL } from '../../../../src/wire/codec.js';

const shadow = { shadowOf: 'primary', shadowHttp: false };

describe('a host of an older protocol', () => {
  it('cannot be a shadow whose http requests are refused: it would make them', () => {
    for (let protocol = PROTOCOL.min; protocol < 9; protocol++) {
      expect(findProtocolProblem(shadow, protocol)).toMatchObject({
        code: 'HANDSHAKE_FAILED',
        message: expect.stringContaining(`protocol ${protocol}, which cannot refuse`),
      });
    }
    expect(findProtocolProblem(shadow, PROTOCOL.max)).toBeNull();
  });

  it('can be any other module', () => {
    expect(findProtocolProblem({ ...shadow, shadowOf: null }, PROTOCOL.min)).toBeNull();
    expect(findProtocolProblem({ ...shadow, shadowHttp: true }, PROTOCOL.min)).toBeNull();
  });
});
