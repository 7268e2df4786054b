// The API reference, as Markdown, from the types that the library ships: what
// is exported, with its comment, and each of its members with theirs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './setup.mjs';

const files = [
  { file: 'pincel.d.ts', title: 'pincel.mjs', about: 'The library. The same names are properties of the global `pincel` after `<script src="pincel.js"></script>`.' },
  { file: 'pincel-elements.d.ts', title: 'pincel-elements.mjs', about: '`<pincel-painter>` and `<pincel-classifier>`. As a classic script, `pincel-elements.js` comes after `pincel.js`.' },
  { file: 'pincel-tools.d.ts', title: 'pincel-tools.mjs', about: 'Models converted and quantised, in a page, a worker or Node. It needs `pincel.mjs` and `pincel-tools-*.wasm` beside it; nothing leaves the device.' },
];

const kinds = new Map([
  [ts.SyntaxKind.ClassDeclaration, 'class'], [ts.SyntaxKind.FunctionDeclaration, 'function'], [ts.SyntaxKind.VariableStatement, 'constant'],
  [ts.SyntaxKind.InterfaceDeclaration, 'interface'], [ts.SyntaxKind.TypeAliasDeclaration, 'type'],
]);
const order = [...kinds.values()];

const has = (node, kind) => node.modifiers?.some((modifier) => modifier.kind === kind) ?? false;

/** The text of the comment before a declaration; undefined when there is none. */
function commentOf(node) {
  const [comment] = node.jsDoc?.slice(-1) ?? [];
  if (!comment) return undefined;
  const tags = (comment.tags ?? []).map((tag) => `- \`${tag.name ? tag.name.getText() : tag.tagName.text}\` ${ts.getTextOfJSDocComment(tag.comment) ?? ''}`);
  return [ts.getTextOfJSDocComment(comment.comment), tags.join('\n')].filter(Boolean).join('\n\n');
}

/** As it is written, without `export` and the comment before it. */
const signatureOf = (node, source) => source.text.slice(node.getStart(source, false), node.end).replace(/^(export |declare )+/, '');

const isPrivate = (member) => has(member, ts.SyntaxKind.PrivateKeyword);

function membersOf(node, source) {
  return (node.members ?? []).filter((member) => !isPrivate(member)).map((member) => ({
    name: member.name?.getText(source) ?? 'new', isStatic: has(member, ts.SyntaxKind.StaticKeyword),
    isMethod: ts.isMethodDeclaration(member) || ts.isMethodSignature(member),
    signature: signatureOf(member, source).replace(/;$/, ''), comment: commentOf(member),
  }));
}

/** {name, kind, isExported, signature, head, comment, members} of every declaration of a types file. */
export function declarationsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(join(root, 'js', file), 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.filter((node) => kinds.has(node.kind)).map((node) => {
    const named = node.kind === ts.SyntaxKind.VariableStatement ? node.declarationList.declarations[0] : node;
    const signature = signatureOf(node, source);
    return {
      name: named.name.text, kind: kinds.get(node.kind), isExported: has(node, ts.SyntaxKind.ExportKeyword), signature,
      head: signature.slice(0, signature.indexOf('{')).trim(), comment: commentOf(node), members: membersOf(node, source),
    };
  });
}

export const typesFiles = files.map(({ file }) => file);

const exported = new Set();

/** Code whose types lead to their sections. */
const linked = (code) => code.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])
  .replace(/\b[A-Z]\w+\b/g, (name) => (exported.has(name) ? `<a href="#${name.toLowerCase()}">${name}</a>` : name));

const indented = (text) => text.replace(/\n/g, '\n  ');

function memberLines({ signature, comment }) {
  const [first, ...rest] = signature.split('\n');
  const code = [first, ...rest.map((line) => line.trim())].join(' ').replace(/\s+\/\*\*.*?\*\//g, '').replace(/;? \}/g, ' }');
  return `- <code>${linked(code)}</code>${comment ? `  \n  ${indented(comment)}` : ''}`;
}

function section({ name, kind, signature, head, comment, members }) {
  const hasMembers = kind === 'class' || kind === 'interface';
  return [
    `### ${name}`, '', `<pre tabindex="0"><code>${linked(hasMembers ? head : signature).replace(/\n\n/g, '\n')}</code></pre>`, '', comment ?? '', '', ...(hasMembers ? members.map(memberLines) : []), '',
  ].join('\n');
}

/** The page: classes and functions first, then what they take and give. */
export function reference() {
  for (const { name } of typesFiles.flatMap(declarationsOf)) exported.add(name);
  const parts = files.map(({ file, title, about }) => {
    const declarations = declarationsOf(file).sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
    return [`## ${title}`, '', about, '', ...declarations.map(section)].join('\n');
  });
  return ['# API reference', '', 'Every class, function and type that Pincel exports, generated from the types that ship with it.', '',
    'Every failure is a [PincelError](errors.md).', '', ...parts].join('\n');
}
