/** A memory block at one moment. */
export interface BlockSeen {
  readonly state: string;
  /** The words of valid_zones. */
  readonly zones: readonly string[];
}

/** All blocks and policies at one moment. */
export interface Look {
  readonly name: string;
  readonly blocks: ReadonlyMap<string, BlockSeen>;
  readonly policy: string;
  /** Absent before 5.15. */
  readonly onlinePolicy: string | undefined;
}

/** Reads the looks that trial.ts takes before the first event and after each. */
export function parseLooks(text: string): Look[] {
  return text
    .split(/^@look /m)
    .slice(1)
    .map((part) => {
      const [name = '', ...lines] = part.split('\n');
      const blocks = new Map(
        lines.flatMap((line): [string, BlockSeen][] => {
          const [, block = '', state = '', zones = ''] = /^(memory\d+) (\S+) ?(.*)$/.exec(line) ?? [];
          return block === '' ? [] : [[block, {state, zones: zones.split(' ').filter(Boolean)}]];
        }),
      );
      const value = (key: string): string | undefined =>
        lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
      return {name, blocks, policy: value('auto_online_blocks') ?? '', onlinePolicy: value('online_policy')};
    });
}

/** Where udevd did not come to rest: after which event, and the states of the blocks then. */
export function parseRestless(text: string): {readonly event: string; readonly states: string} | undefined {
  const [, event = '', states = ''] = /^@restless (\S+)\n([^]*)$/m.exec(text) ?? [];
  return event === '' ? undefined : {event, states: states.trim()};
}
