/**
 * The numbers of system calls that a program in the guest makes, by name, and the architecture whose numbers they are
 * (`uname -m`).
 */
export interface SystemCalls<Name extends string> {
  readonly machineName: string;
  readonly syscalls: Readonly<Record<Name, number>>;
}
