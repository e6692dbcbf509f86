/** Builds the peer in Go, where a machine has what that takes. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { GO_BUILD, GO_HOST, GO_PLUGIN, SOURCES } from '../paths.js';

/** A folder with src/github.com/hashicorp/go-plugin in it: Debian's, or one that its packages were unpacked to. */
const PACKAGES = process.env.BENCH_GOPATH ?? '/usr/share/gocode';

const INSTALL = `apt-get install ${[
  'golang-go',
  'golang-github-hashicorp-go-plugin-dev',
  'golang-google-grpc-dev',
  'golang-github-golang-protobuf-1-3-dev',
].join(' ')}`;

/** @returns why it could not be built, or `null` */
export function buildGoPlugin(): string | null {
  if (spawnSync('go', ['version']).status !== 0) return `there is no go; on Debian: ${INSTALL}`;
  const wanted = ['github.com/hashicorp/go-plugin', 'google.golang.org/grpc', 'github.com/golang/protobuf'];
  const missing = wanted.filter((name) => !existsSync(join(PACKAGES, 'src', name)));
  if (missing.length > 0) return `${PACKAGES} lacks ${missing.join(', ')}; on Debian: ${INSTALL}`;
  mkdirSync(GO_BUILD, { recursive: true });
  const GOPATH = [join(SOURCES, 'go'), PACKAGES].join(delimiter);
  // Packages from that folder alone: none is fetched.
  const env = { ...process.env, GOPATH, GO111MODULE: 'off', CGO_ENABLED: '0' };
  for (const [file, name] of [
    [GO_HOST, 'peer/host'],
    [GO_PLUGIN, 'peer/plugin'],
  ] as const) {
    const { status, stderr } = spawnSync('go', ['build', '-o', file, name], { env, encoding: 'utf8' });
    if (status !== 0) return `go build ${name}: ${stderr.trim()}`;
  }
  return null;
}
