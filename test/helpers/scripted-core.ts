/** A core without modules, for tests of the control socket. */

import { EventEmitter } from 'node:events';
import type { ControlledCore } from '../../src/control/server.js';
import type {
  CoreStatus,
  MessageParamsInput,
  ModuleDescription,
  ModuleStatus,
  OrderReport,
  Outcome,
  PromotionReport,
  QuarantinedMessage,
  QuarantineRequest,
  SentMessage,
  ShadowReport,
} from '../../src/supervisor/types.js';
import { fromWireParams, toWireParams } from '../../src/wire/params.js';

/** What becomes of a message. */
export type Answer = (params: MessageParamsInput, payload: Uint8Array) => Promise<Outcome>;

/** Answers as the test says. */
export class ScriptedCore extends EventEmitter<{ sent: [SentMessage] }> implements ControlledCore {
  answer: Answer = async (params, payload) => pass(params, payload);
  status(): CoreStatus {
    return {
      core: {
        pid: 7,
        version: '1',
        uptimeSeconds: 1,
        config: null,
        problems: [],
        recoveredSends: 0,
        embedded: false,
        gateway: null,
        gatewayGroup: null,
        http: null,
        webhook: null,
      },
      modules: [
        { name: 'slow', state: 'starting' },
        { name: 'fine', state: 'serving' },
      ] as ModuleStatus[],
      servers: [],
      sends: null,
    };
  }
  onMessage(params: MessageParamsInput, payload: Uint8Array): Promise<Outcome> {
    return this.answer(params, payload);
  }
  orders: string[] = [];
  obey: () => Promise<void> = async () => undefined;
  async reload(modules: string[]) {
    await this.order('reload', modules.join());
    return { ...NOTHING_RELOADED, replaced: modules };
  }
  async planReload(modules: string[]) {
    await this.order('reload --dry-run', modules.join());
    return { ...NOTHING_RELOADED, dryRun: true, replaced: modules };
  }
  warnings: string[] = [];
  async order(order: string, module: string): Promise<OrderReport> {
    this.orders.push(`${order} ${module}`);
    await this.obey();
    return { warnings: this.warnings };
  }
  describe(name: string): ModuleDescription {
    return { name } as ModuleDescription;
  }
  shadow(name: string, reset: boolean): ShadowReport {
    this.orders.push(`shadow ${name}${reset ? ' and reset' : ''}`);
    return { name, shadowOf: 'fine' } as ShadowReport;
  }
  async promote(shadow: string): Promise<PromotionReport> {
    await this.order('promote', shadow);
    return { module: 'fine', shadow, toChange: [], warnings: this.warnings };
  }
  quarantined: QuarantinedMessage[] = [];
  asked: QuarantineRequest[] = [];
  quarantine(request: QuarantineRequest): QuarantinedMessage[] {
    this.asked.push(request);
    return this.quarantined;
  }
}

const NOTHING_RELOADED = {
  added: [],
  removed: [],
  configured: [],
  unchanged: [],
  left: [],
  stopped: [],
  settings: [],
  needRestart: [],
  changes: [],
  probation: [],
  wentBack: [],
  cutShort: [],
  dryRun: false,
  secrets: [],
  warnings: [],
};

/** The outcome that passes a message on as it is. */
export function pass(params: MessageParamsInput, payload: Uint8Array): Outcome {
  const trace = [{ module: 'echo', verdict: 'pass' as const, default: null, micros: 12 }];
  return { verdict: 'pass', by: null, params: plain(params), payload: Buffer.from(payload), trace };
}

function plain(params: MessageParamsInput) {
  return fromWireParams(toWireParams(params));
}

/** A message that a module sent. */
export function sent(text: string): SentMessage {
  const params = plain({ from: 'b', to: 'a' });
  return { module: 'echo', generation: 1, sentId: `id of ${text}`, params, payload: Buffer.from(text), cause: null };
}
