import type {RuleText} from './guest.ts';

/** A rule file that is tried; where it needs others, with them. */
export interface Subject {
  /** `profile/rhel-8`, `field/script`, `shipped/…`, `generated/7-3`. */
  readonly name: string;
  readonly kind: 'profile' | 'field' | 'shipped' | 'generated';
  readonly files: readonly RuleText[];
}
