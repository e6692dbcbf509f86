import { defineConfig } from 'vitest/config';

// Every process that a test starts would read those certificates at its start, which takes longer than most tests.
delete process.env.NODE_EXTRA_CA_CERTS;

const limits = { testTimeout: 60_000, hookTimeout: 60_000 };

/** What takes too long for every change: the compilers of many languages, waits of seconds, hundreds of processes. */
const LONG = [
  'test/integration/{stacks/hang,stacks/symbolizer,crash-note/host,crash-note/loader,native,hiding,client-c,bridge-mesibo,client/bad-core,sends/store,sends/damaged-store}.test.ts',
  'test/integration/gateway/{bad-input,half-close,other-makes,session,slow-reader}.test.ts',
  'test/integration/http/{bad-input,openapi,sends}.test.ts',
  'test/integration/webhook/{bad-servers,webhook}.test.ts',
  'test/integration/http-client/flow.test.ts',
  'test/e2e/{abi,allocation,bare-user,bounds,builds,bundles,cli,completion,configuration,core-death,crash-bad-input,crash-cards,crashes,descriptors,descriptors-control,gateway-group,http,journal,json,leaving,leftovers}.test.ts',
  'test/e2e/{exact-arguments,logs,logs-selected,module-api,newer-core,onlookers,plain-process,process-names,reached,read-only,recovery,reload,reference,run,samples,silent-core,state,statuses,webhook}.test.ts',
  'test/e2e/{side-by-side,strangers,surroundings,terminal,try,unsafe-sends,verbs}.test.ts',
  'test/e2e/confined/*.test.ts',
  'test/e2e/watch/{ways,kept,probation,many}.test.ts',
  'test/e2e/reloads/{fifty,thousand}.test.ts',
  'test/e2e/probation/*.test.ts',
  'test/e2e/shadow/{apart,command,crowd,live,promote}.test.ts',
  'test/e2e/spares/{crash,end,room,surroundings}.test.ts',
  'test/e2e/recycling/{interplay,load}.test.ts',
  'test/e2e/{docs,signals,worlds}/**/*.test.ts',
  'test/e2e/replicas/*.test.ts',
  'test/e2e/{ejabberd,prosody}/**/*.test.ts',
  'test/e2e/mesibo/**/*.test.ts',
  'test/e2e/metrics/{many-hosts,many-modules,metrics,prometheus}.test.ts',
  'test/e2e/core/{embedded,sends,daemon,http,unsafe-store}.test.ts',
  'test/unit/{config/fuzz,crashes/bogus-notes,modules/header,modules/makefile,wire/gateway/round-trip,host-runner/abi/elf-notes,supervisor/watch/module-watch}.test.ts',
  'test/e2e/quarantine/{command,lasting,many,words}.test.ts',
  'test/faults/{clock,core-killed,crashes,exits,fuzz-box,fuzz-report,languages,places,requests,soak,stalls,trace}.test.ts',
];

export default defineConfig({
  test: {
    // The end-to-end tests start real processes; on two slow cores more than two files at a time only queue.
    maxWorkers: 2,
    // Cores that one file runs at a time.
    maxConcurrency: 4,
    projects: [
      // Pure, or nearly: they need no process of their own for each file.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], exclude: LONG, isolate: false, ...limits } },
      {
        test: {
          name: 'whole',
          include: ['test/{integration,e2e,faults}/**/*.test.ts'],
          exclude: LONG,
          ...limits,
        },
      },
      // Run by `npm run test:full`.
      { test: { name: 'long', include: LONG, ...limits } },
    ],
  },
});
