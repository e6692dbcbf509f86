/** A CPU profile of a part of a process's life. */

import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/** Often enough for some thousand samples in a second. */
const SAMPLE_MICROS = 200;

export class Profiler {
  readonly #file: string;
  readonly #session = new Session();
  #done: () => void = () => {};
  /** Resolves when the file is there. */
  readonly written = new Promise<void>((resolve) => {
    this.#done = resolve;
  });

  constructor(file: string) {
    this.#file = file;
    this.#session.connect();
    // A session answers at once, as it belongs to this process.
    void this.#session.post('Profiler.enable');
    void this.#session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS });
  }

  begun(): void {
    void this.#session.post('Profiler.start');
  }

  done(): void {
    void this.#session.post('Profiler.stop').then(({ profile }) => {
      writeFileSync(this.#file, JSON.stringify(profile));
      this.#done();
    });
  }
}
