/** What a rendering is for. */
export interface View {
  nowMs: number;
  /** Columns; infinite where nothing is to be cut. */
  width: number;
  colour: boolean;
  /** What commands that are shown need to reach the same core. */
  options: readonly string[];
  /** How this program is typed; absent: by its name. */
  program?: readonly string[];
}
