/** The builds of modules, as values. */

/** One build of a module: the bytes of its file, and where they were found. */
export interface Build {
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
  /** Absolute path of the file that had these bytes. */
  original: string;
  /** The folder that this was in, with every symbolic link on the way resolved: those may be changed meanwhile. */
  home: string;
  /** Identifies that file, as `identifyFile` returns it. */
  fileId: string;
}

/** A file that a host may load. */
export interface LoadableFile {
  /** What the host loads: the original, or the copy that the core keeps. */
  path: string;
  source: 'original' | 'kept';
  /** `null`: the core could not read the file; the host will say what is wrong with it. */
  build: Build | null;
  /** Of the file at `path` when it was read; `null` as for `build`. */
  identity: string | null;
  /** Why no copy of the build is kept; `null`: there is one. */
  problem: string | null;
}
