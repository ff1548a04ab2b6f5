/** A line of a file of the root. */
export interface Place {
  readonly path: string;
  readonly line: number;
}

/** A word of a kernel command line, and where it was written. */
export interface Word {
  readonly text: string;
  readonly place: Place;
}
