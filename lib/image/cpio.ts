/** A member of an initramfs. Directories come before what is in them. */
export type Member = {readonly path: string} & (
  | {readonly kind: 'dir'}
  | {readonly kind: 'file'; readonly data: Uint8Array; readonly mode?: number}
  | {readonly kind: 'link'; readonly target: string}
  | {readonly kind: 'char'; readonly major: number; readonly minor: number}
);

/**
 * An archive in the kernel's initramfs format (newc, Documentation/driver-api/early-userspace/buffer-format.rst).
 * Written here rather than by cpio(1): a device node in an archive needs no privilege, one on a disk does.
 */
export function cpio(members: readonly Member[]): Buffer {
  const parts: Uint8Array[] = [];
  let length = 0;
  const add = (data: Uint8Array): void => {
    const padding = -data.length & 3;
    parts.push(data, Buffer.alloc(padding));
    length += data.length + padding;
  };
  for (const [i, member] of [...members, undefined].entries()) {
    const {mode, data, rdev} = member ? content(member) : {mode: 0, data: Buffer.alloc(0), rdev: [0, 0]};
    const path = member?.path ?? 'TRAILER!!!';
    const name = Buffer.from(`${path}\0`);
    const links = member?.kind === 'dir' ? 2 : 1;
    // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    const fields = [i + 1, mode, 0, 0, links, 0, data.length, 0, 0, rdev[0] ?? 0, rdev[1] ?? 0, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    add(Buffer.concat([Buffer.from(header), name])); // the header's 110 bytes and the name are padded as one
    add(data);
  }
  return Buffer.concat(parts, length);
}

function content(member: Member): {mode: number; data: Uint8Array; rdev: readonly number[]} {
  const none = Buffer.alloc(0);
  switch (member.kind) {
    case 'dir':
      return {mode: 0o040755, data: none, rdev: [0, 0]};
    case 'file':
      return {mode: 0o100000 | (member.mode ?? 0o644), data: member.data, rdev: [0, 0]};
    case 'link':
      return {mode: 0o120777, data: Buffer.from(member.target), rdev: [0, 0]};
    case 'char':
      return {mode: 0o020600, data: none, rdev: [member.major, member.minor]};
  }
}
