/** One function on a stack, as far as it is known. */

/** Innermost frames come first wherever there are several. */
export interface StackFrame {
  /** Where it was, in the process; hexadecimal with `0x`, as all addresses here. */
  address: string;
  /** The file that the code came from; `null`: it is not known. */
  object: string | null;
  /** Of that file, in hexadecimal; `null`: it has none. */
  buildId: string | null;
  /** The address within that file. */
  offset: string | null;
  /** Whether the file belongs to the module: its own, or one that came with it. */
  isOfModule: boolean;
  /** With C++ names as people write them; `null`: not known. */
  function: string | null;
  /** How far behind the begin of the function; `null`: not known, or `source` says it better. */
  functionOffset: number | null;
  /** The source file and the line in it; `null`: the file has no debug information that says it. */
  source: string | null;
  line: number | null;
  /** The compiler put it into the next one. */
  isInlined: boolean;
}

/** Sources that come with a compiler: headers of C++, and the standard library of Rust. Who wrote a module did not write them. */
const LIBRARY_SOURCE = /^\/usr\/(?:local\/)?(?:include|lib)\/|^\/rustc\/|\/lib\/rustlib\/src\//;

/** Its functions, where nothing says their source: Rust's library has debug information for a part of them only. */
const LIBRARY_FUNCTION = /^(?:<?(?:std|core|alloc|__rustc)::|_?_?rust_(?:begin_unwind|panic|start_panic))/;

/** Whether a frame is in a template or a function of the standard library that was compiled into another file. */
export function isOfLibrary({ source, function: name }: Pick<StackFrame, 'source' | 'function'>): boolean {
  return source === null ? name !== null && LIBRARY_FUNCTION.test(name) : LIBRARY_SOURCE.test(source);
}
