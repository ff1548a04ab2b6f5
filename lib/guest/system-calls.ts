/**
 * What a program in the guest must know of its machine: the numbers of the system calls that it makes, by name, the
 * architecture whose numbers they are (`uname -m`), and the size of a base page in bytes.
 */
export interface SystemCalls<Name extends string> {
  readonly machineName: string;
  readonly page: number;
  readonly syscalls: Readonly<Record<Name, number>>;
}
