import {isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type Node} from 'yaml';
import type {z} from 'zod';
import {messageOf, UsageError} from '../util/errors.ts';

/**
 * Parses one YAML file by a schema. Every finding is reported at once, each as `file:line:col: …`, in one UsageError.
 */
export function parseYaml<T>(file: string, text: string, schema: z.ZodType<T>): T {
  const lines = new LineCounter();
  const document = parseDocument(text, {lineCounter: lines, prettyErrors: false, logLevel: 'error'});
  const at = (offset: number): string => {
    const {line, col} = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new UsageError(
      document.errors
        .slice(0, MOST)
        .map(({pos, message}) => `${at(pos[0])}: ${message}`)
        .join('\n'),
    );
  }
  const result = schema.safeParse(dataOf(document, file));
  if (result.success) return result.data;
  const findings = result.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        offset: keyOffset(document, [...issue.path, key]),
        message: `${dotted(issue.path)}unknown key "${key}"${known(issue)}`,
      }));
    }
    return [{offset: valueOffset(document, issue.path), message: `${dotted(issue.path)}${said(document, issue)}`}];
  });
  findings.sort((a, b) => a.offset - b.offset);
  throw new UsageError(
    findings
      .slice(0, MOST)
      .map(({offset, message}) => `${at(offset)}: ${message}`)
      .join('\n'),
  );
}

/** Findings beyond these say nothing new. */
const MOST = 50;

/** Aliases that name nothing, or that unfold to more than anybody writes, are found only here. */
function dataOf(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${file}:1:1: ${messageOf(error)}`, {cause: error});
  }
}

/** What a schema that has words of its own for unknown keys says. */
const known = ({message}: z.core.$ZodIssue): string => (/^Unrecognized key/.test(message) ? '' : `, ${message}`);

type Path = readonly PropertyKey[];

const dotted = (path: Path): string => (path.length > 0 ? `${path.map(String).join('.')}: ` : '');

/** What was seen and what is wanted. */
function said(document: Document, issue: z.core.$ZodIssue): string {
  const wanted = issue.message.replace(/^Invalid input: /, '').replace(/, received \w+$/, '');
  if (!document.hasIn(issue.path)) return `missing, ${wanted}`;
  const seen = JSON.stringify(document.toJS() === null ? null : plain(document, issue.path)) as string | undefined;
  return `${wanted}, seen ${(seen ?? 'nothing').slice(0, 60)}`;
}

function plain(document: Document, path: Path): unknown {
  const node = document.getIn(path, true) as Node | undefined;
  return node?.toJS(document);
}

/** Where the value at the path starts; for a missing one, where the map starts that lacks it. */
function valueOffset(document: Document, path: Path): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true) as Node | undefined;
    if (node?.range) return node.range[0];
  }
  return document.range?.[0] ?? 0;
}

function keyOffset(document: Document, path: Path): number {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const pair = isMap(parent)
    ? parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1))
    : undefined;
  return (pair?.key as Node | undefined)?.range?.[0] ?? valueOffset(document, path);
}
