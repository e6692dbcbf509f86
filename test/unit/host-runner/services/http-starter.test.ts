import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { HttpStarter } from '../../../../src/host-runner/services/http-starter.js';

function starterOf(spawn: () => Worker) {
  const told: string[] = [];
  const shim = {
    httpWantsWorker: () => 1,
    httpWorkerComes: () => void told.push('one comes'),
    httpWorkerLost: (why: string) => void told.push(why),
    maskSignals: () => undefined,
    unmaskSignals: () => undefined,
  };
  return { starter: new HttpStarter(shim, spawn), told };
}

const exit = (worker: Worker | undefined) => new Promise((resolve) => worker?.once('exit', resolve));

it('fails open requests when no worker can be started, and tries again at the next request', () => {
  let tries = 0;
  const { starter, told } = starterOf(() => {
    tries += 1;
    throw new Error('EAGAIN');
  });
  starter.startIfWanted();
  expect(told).toEqual(['the http worker of the host cannot be started: EAGAIN']);
  starter.startIfWanted();
  expect(tries).toBe(2);
});

it('fails open requests when the worker dies, says why, and starts another', async () => {
  const workers: Worker[] = [];
  const { starter, told } = starterOf(() => {
    const worker = new Worker('throw new Error("out of order")', { eval: true });
    workers.push(worker);
    return worker;
  });
  starter.start();
  starter.start();
  expect(workers).toHaveLength(1);
  await exit(workers[0]);
  expect(told).toEqual(['one comes', 'the http worker of the host was lost: out of order']);
  starter.startIfWanted();
  expect(workers).toHaveLength(2);
  await exit(workers[1]);
});
