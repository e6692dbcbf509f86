/** The types of the supervisor's public face: what goes in, what comes out, what is announced. */

export type { DescribeOptions, SettingDescription } from '../config/describe.js';
export type { QuarantinedMessage, QuarantineRequest, QuarantineState } from '../quarantine/types.js';
export type { Callback } from '../wire/event-kinds.js';
export type { MessageParams, MessageParamsInput } from '../wire/params.js';
export type * from './types/announcements.js';
export type * from './types/deaths.js';
export type * from './types/decisions.js';
export type * from './types/doors.js';
export type * from './types/figures.js';
export type * from './types/options.js';
export type * from './types/orders.js';
export type * from './types/origin.js';
export type * from './types/recycling.js';
export type * from './types/sends.js';
export type * from './types/shadows.js';
export type * from './types/status.js';
