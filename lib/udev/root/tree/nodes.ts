/** A node of a tree of files, links not followed. */
export type Node =
  | {readonly kind: 'file'; readonly size: number; readonly executable: boolean}
  | {readonly kind: 'dir'}
  | {readonly kind: 'link'; readonly target: string}
  /** A FIFO, a socket, a device. */
  | {readonly kind: 'other'}
  /** It is there, and may not be looked at. */
  | {readonly kind: 'closed'; readonly why: string};

/** Where a tree's files are. Paths are relative, without `.` and `..`; no directory in them is a link. */
export interface Nodes {
  /** Nothing where nothing is there. */
  at(path: string): Node | undefined;
  /** The names in a directory, in no order. Throws where it can't be read. */
  names(path: string): readonly string[];
  /** A regular file's bytes, at most `limit` of them. Throws where it can't be read or has more. */
  bytes(path: string, limit: number): Uint8Array;
}

export const joined = (dir: string, name: string): string => (dir === '' ? name : `${dir}/${name}`);

export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const dirOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
