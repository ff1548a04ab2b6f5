import type {Policy} from '../guest.ts';

/** A guest whose udevd reads the rules. */
export interface Where {
  /** As `systemd-detect-virt` says. */
  readonly virt: string;
  /** As CONST{arch} says: x86-64, arm64, … */
  readonly arch: string;
  /** auto_online_blocks when the event comes. */
  readonly policy: Policy;
  /** The number in `udevadm --version`: 252. Absent: a new one. */
  readonly systemd?: number | undefined;
  /** `uname -r`: 6.1.0-44-amd64. Absent: a new one. */
  readonly kernel?: string | undefined;
  /** What /sys/class/dmi/id says: sys_vendor, product_name, … Absent: what is usual for `virt`. */
  readonly dmi?: Readonly<Record<string, string>> | undefined;
}

/**
 * The event: `plug`: a DIMM brings the block, the kernel says `add`, and onlines the block first where its policy is
 * not offline.
 * `trigger`: `add` is sent again (udevadm trigger --action=add) to a block that is there already,
 * in that state and, as far as it is known, zone: one in Movable can always be set offline.
 */
export type Happening =
  | {readonly kind: 'plug'; readonly block: number}
  | {
      readonly kind: 'trigger';
      readonly block: number;
      readonly state: 'online' | 'offline';
      readonly zone?: string | undefined;
    };

/** A write that the kernel refused. */
export interface Refused {
  /** `FILE:LINE` of the rule, as that guest's udevd names it: its first line since systemd 258, before its last one. */
  readonly rule: string;
  /** The file of the block that was written to. */
  readonly file: 'state' | 'online';
  readonly word: string;
  /** EINVAL, EBUSY, … as write(2) says. udevd logs none where the file then says what was written. */
  readonly errno: string;
  /** On each way that ends in this outcome. */
  readonly certain: boolean;
}

/** What becomes of the block. */
export interface Outcome {
  readonly state: 'online' | 'offline';
  /**
   * Where it was onlined to in this event: the kernel's choice (`online`), a kernel zone (`online_kernel`), Movable
   * (`online_movable`).
   * `unchanged`: it was not onlined in this event, or it is offline.
   */
  readonly zone: 'default' | 'kernel' | 'Movable' | 'unchanged';
  /** Who changed its state last in this event: the kernel by its policy, a rule's ATTR, a program that a rule ran. */
  readonly by: 'nobody' | 'kernel' | 'rule' | 'program';
  /** `FILE:LINE` of the rule, as that guest's udevd names it, where a rule or its program did. */
  readonly rule?: string | undefined;
  /** Writes to this block that were refused, in order. */
  readonly refused: readonly Refused[];
  /** auto_online_blocks afterwards. */
  readonly policy: string;
  /** The parameter online_policy, where the rules have set it. */
  readonly onlinePolicy?: string | undefined;
}

/** What the rules may do: one outcome where it is certain, several where it depends on something. */
export interface Prediction {
  /** At least one; the first is no likelier than the others. */
  readonly outcomes: readonly Outcome[];
  /** What it depends on, each by name: `PROGRAM /usr/local/bin/x (FILE:LINE)`. Empty where there is one outcome. */
  readonly dependsOn: readonly string[];
}
