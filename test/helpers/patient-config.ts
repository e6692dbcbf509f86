import { type ConfigOptions, makeConfig } from '../../src/config/make.js';

/** A configuration whose times are no part of a test, and that gives a message again which killed a module, unless it sets them. */
export function patientConfig(options: ConfigOptions): ReturnType<typeof makeConfig> {
  const modules = (options.modules ?? []).map((module) => ({
    deadlineMs: 20_000,
    startTimeoutMs: 30_000,
    quarantine: null,
    ...module,
  }));
  return makeConfig({ chainDeadlineMs: 60_000, ...options, modules });
}
