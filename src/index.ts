/** What a program that embeds a core imports; nothing else is public. */

export { loadConfig, parseConfig, strictError } from './config/load.js';
export { type ConfigOptions, type ModuleOptions, makeConfig } from './config/make.js';
export type { AbiName, ConfigWarning, CoreConfig, ModuleSpec, Position } from './config/types.js';
export { Core } from './core/core.js';
export type { ProgramSend, SendHandler, TakeOptions } from './core/program-taker.js';
export type { CoreEnd, CoreEventMap, CoreOptions, MetricsPage, StopOptions } from './core/types.js';
export * from './errors.js';
export { Sentence, type ToldCommand } from './sentence.js';
export { Supervisor } from './supervisor/supervisor.js';
export type * from './supervisor/types.js';
