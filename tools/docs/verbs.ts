import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, normalize, relative} from 'node:path';
import ts from 'typescript';
import {root} from '../../lib/util/paths.ts';

/** Something that suites use: a function, a constant, or a method of one of the objects that they are given. */
interface Verb {
  /** `plugDimm(spec, options)`, `MemoryBlock.write(file, word)`. */
  readonly name: string;
  /** The first sentence of its docstring. */
  readonly says: string;
  /** How a suite uses it. */
  readonly example: string;
}

const HEAD = `# Verbs: what a suite can do and see

Written by \`npm run docs\` from the docstrings in \`lib/conformance\`, with how a suite uses each; what no suite uses is left
out. The whole docstring says more: units, errors, and where a statement comes from. How a case is written: [Writing a case](writing-a-case.md).
`;

const parse = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022, true);

interface Suite {
  readonly source: ts.SourceFile;
  /** The names that it imports, by file. */
  readonly imported: ReadonlyMap<string, ReadonlySet<string>>;
}

function suites(): Suite[] {
  const all: Suite[] = [];
  for (const name of readdirSync(join(root, 'suites'))
    .filter((one) => one.endsWith('.ts'))
    .sort()) {
    const source = parse(join('suites', name));
    const imported = new Map<string, Set<string>>();
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement)) continue;
      const file = normalize(join('suites', (statement.moduleSpecifier as ts.StringLiteral).text));
      const names = statement.importClause?.namedBindings;
      if (names && ts.isNamedImports(names))
        for (const one of names.elements)
          (imported.get(file) ?? imported.set(file, new Set()).get(file))?.add(one.name.text);
    }
    all.push({source, imported});
  }
  return all;
}

const MOST = 160;

const isStatement = (node: ts.Node): boolean =>
  ts.isExpressionStatement(node) || ts.isVariableStatement(node) || ts.isReturnStatement(node);

/** The statement around a node, on one line; where that is a whole case, what is directly around the node. */
function around(node: ts.Node): string {
  let statement = node;
  while (!isStatement(statement) && !ts.isSourceFile(statement.parent)) statement = statement.parent;
  const text = (statement.getText().length > 4 * MOST ? node.parent : statement).getText();
  return text
    .replace(/([([])\n\s*/g, '$1')
    .replace(/,?\n\s*([)\]])/g, '$1')
    .replace(/\s+/g, ' ');
}

/** How suites use a name: the shortest that has something before or behind it. Methods stand behind a dot. */
function exampleOf(suites: readonly Suite[], name: string, isMember: boolean): string {
  const uses: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (
      ts.isIdentifier(node) &&
      node.text === name &&
      ts.isPropertyAccessExpression(node.parent) &&
      node.parent.name === node
    ) {
      if (isMember) uses.push(around(node.parent));
    } else if (!isMember && ts.isIdentifier(node) && node.text === name) uses.push(around(node));
    ts.forEachChild(node, visit);
  };
  for (const {source} of suites) visit(source);
  const text = uses.find((use) => use.length > name.length + 2 && use.length <= MOST) ?? uses[0] ?? '';
  return text.length <= MOST ? text : `${text.slice(0, MOST - 1)}…`;
}

/** The first sentence of a docstring, on one line. */
function firstSentence(node: ts.Node): string {
  const text = ts
    .getJSDocCommentsAndTags(node)
    .map((one) => (ts.isJSDoc(one) ? (ts.getTextOfJSDocComment(one.comment) ?? '') : ''))
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
  return /^.*?[.:](?= [A-Z`]|$)/.exec(text)?.[0] ?? text;
}

const parametersOf = (node: ts.Node | undefined): string =>
  node && ts.isFunctionLike(node)
    ? `(${node.parameters.map(({name}) => (ts.isIdentifier(name) ? name.text : '{…}')).join(', ')})`
    : '';

function* verbsOf(statement: ts.Statement, names: ReadonlySet<string>, suites: readonly Suite[]): Iterable<Verb> {
  if (ts.isClassDeclaration(statement) && statement.name) {
    for (const member of statement.members) {
      if ((!ts.isMethodDeclaration(member) && !ts.isGetAccessor(member)) || !ts.isIdentifier(member.name)) continue;
      const [says, example] = [firstSentence(member), exampleOf(suites, member.name.text, true)];
      if (example !== '' && says !== '')
        yield {
          name: `${statement.name.text}.${member.name.text}${ts.isMethodDeclaration(member) ? parametersOf(member) : ''}`,
          says,
          example,
        };
    }
  } else if (ts.isFunctionDeclaration(statement) && statement.name && names.has(statement.name.text)) {
    yield {
      name: statement.name.text + parametersOf(statement),
      says: firstSentence(statement),
      example: exampleOf(suites, statement.name.text, false),
    };
  } else if (ts.isVariableStatement(statement)) {
    for (const {name, initializer} of statement.declarationList.declarations) {
      if (ts.isIdentifier(name) && names.has(name.text))
        yield {
          name: name.text + parametersOf(initializer),
          says: firstSentence(statement),
          example: exampleOf(suites, name.text, false),
        };
    }
  }
}

/** Classes whose objects suites are given without importing them. */
const GIVEN = [
  'lib/conformance/guest/access.ts',
  'lib/conformance/guest/block.ts',
  'lib/conformance/guest/dimm.ts',
  'lib/conformance/guest/guest.ts',
  'lib/conformance/verdict/checks.ts',
];

/** docs/verbs.md, as it should be. */
export function verbsPage(): string {
  const all = suites();
  const files = [...new Set([...GIVEN, ...all.flatMap(({imported}) => [...imported.keys()])])].sort((a, b) =>
    dirname(a) < dirname(b) ? -1 : dirname(a) > dirname(b) ? 1 : a < b ? -1 : 1,
  );
  const sections = new Map<string, string[]>();
  for (const file of files) {
    const folder = relative('lib/conformance', dirname(file));
    const users = GIVEN.includes(file) ? all : all.filter(({imported}) => imported.has(file));
    const names = new Set(users.flatMap(({imported}) => [...(imported.get(file) ?? [])]));
    const verbs = parse(file).statements.flatMap((statement) => [...verbsOf(statement, names, users)]);
    const rows = verbs.map(
      ({name, says, example}) => `* **\`${name}\`** ${says}\n  \`${example.replaceAll('`', "'")}\``,
    );
    sections.set(folder, [...(sections.get(folder) ?? []), ...rows]);
  }
  return (
    HEAD +
    [...sections]
      .filter(([, rows]) => rows.length > 0)
      .map(([folder, rows]) => `\n## ${folder}\n\n${rows.join('\n')}\n`)
      .join('')
  );
}
