/** How much of a body has come. */

/** Counts bytes as they came, before they are decoded. */
export class Progress {
  /** `null`: its header has not come yet. */
  receivedBytes: number | null = null;
  /** `null`: the header does not say. */
  announcedBytes: number | null = null;

  /** The header has come. @param length - what it says of the length; `null`: nothing */
  begin(length: string | null): void {
    this.receivedBytes = 0;
    this.announcedBytes = length === null ? null : Number(length);
  }

  /** @returns how much there is now */
  add(bytes: number): number {
    this.receivedBytes = (this.receivedBytes ?? 0) + bytes;
    return this.receivedBytes;
  }

  /** From 1 to 99. 1 also when the length is unknown; the end of the body is another event. */
  get percent(): number {
    if (!this.announcedBytes) return 1;
    return Math.min(Math.max(Math.floor(((this.receivedBytes ?? 0) * 100) / this.announcedBytes), 1), 99);
  }
}
