// The documentation says all there is: every export and its members, every
// code of an error; its pages are those of the sources, and their links lead
// somewhere; previews have a title, a description and a picture.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import * as library from '../../dist/pincel.mjs';
import * as tools from '../../dist/pincel-tools.mjs';
import * as elements from '../../dist/pincel-elements.mjs';
import { page, pages, textOf } from '../../js/build/docs.mjs';
import { errorIndex } from '../../js/errors.mjs';
import { declarationsOf, typesFiles } from '../../js/build/reference.mjs';
import { root } from '../../js/build/setup.mjs';
import { writeSite } from '../../js/build/site.mjs';

const modules = { 'pincel.d.ts': library, 'pincel-tools.d.ts': tools, 'pincel-elements.d.ts': elements };
const isValue = ({ kind, isExported }) => isExported && ['class', 'function', 'constant'].includes(kind);

test('every export has a type and a comment, and the other way round', () => {
  for (const file of typesFiles) {
    const declarations = declarationsOf(file), values = declarations.filter(isValue).map(({ name }) => name);
    if (modules[file]) assert.deepEqual(values.toSorted(), Object.keys(modules[file]).sort(), file);
    for (const { name, kind, isExported, comment, members } of declarations) {
      assert.ok(!isExported || comment || (kind !== 'class' && members.some((member) => member.comment)), `${file}: ${name} has no comment`);
      if (kind !== 'class') continue;
      for (const member of members) assert.ok(member.comment || ['name', 'dispose', '[Symbol.dispose]', 'addEventListener'].includes(member.name), `${file}: ${name}.${member.name} has no comment`);
    }
  }
});

test('the reference names every export', () => {
  const text = textOf('api');
  for (const { name, isExported } of typesFiles.flatMap(declarationsOf)) if (isExported) assert.ok(text.includes(`### ${name}\n`), name);
});

test('every code of an error has its section', () => {
  const { signature } = declarationsOf('pincel.d.ts').find(({ name }) => name === 'ErrorCode');
  const codes = [...signature.matchAll(/\| '(\w+)'/g)].map(([, code]) => code);
  const sections = [...textOf('errors').matchAll(/^## (\w+)\n([^#]*)/gm)];
  assert.ok(codes.length >= 15);
  assert.deepEqual(sections.map(([, code]) => code).sort(), codes.toSorted());
  assert.deepEqual(errorIndex().map(({ code }) => code).sort(), codes.toSorted());
  for (const [, code, text] of sections) assert.ok(/\*\*Meaning\*\*/.test(text) && /\*\*Cure\*\*/.test(text), code);
  const thrown = readdirSync(join(root, 'js')).filter((name) => name.endsWith('.mjs'))
    .flatMap((name) => [...readFileSync(join(root, 'js', name), 'utf8').matchAll(/new PincelError\('(\w+)'/g)].map(([, code]) => code));
  assert.deepEqual([...new Set(thrown)].filter((code) => !codes.includes(code)), []);
});

test('the pages are those of the sources', () => {
  for (const { name } of pages) assert.equal(readFileSync(join(root, `dist/docs/${name}.html`), 'utf8'), page(name), `${name}.html is stale: npm run build`);
});

let site;
before(() => {
  site = join(mkdtempSync(join(tmpdir(), 'pincel-site-')), 'out');
  writeSite('https://example.org/some/where', site);
});
after(() => rmSync(dirname(site), { recursive: true }));

const htmlFiles = () => readdirSync(site, { recursive: true }).filter((name) => name.endsWith('.html'));
const attribute = (html, pattern) => html.match(pattern)?.[1];

test('links and anchors of all pages lead somewhere', () => {
  for (const name of htmlFiles()) {
    const html = readFileSync(join(site, name), 'utf8').replace(/<pre[^]*?<\/pre>/g, '');
    for (const [, , address] of html.matchAll(/ (href|src)="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(address)) continue;
      const [path, anchor] = address.replace(/\?.*?(?=#|$)/, '').split('#');
      let file = path ? resolve(site, dirname(name), path) : join(site, name);
      if (existsSync(file) && statSync(file).isDirectory()) file = join(file, 'index.html');
      assert.ok(existsSync(file), `${name} links to ${address}`);
      if (anchor && file.endsWith('.html')) assert.ok(readFileSync(file, 'utf8').includes(` id="${anchor}"`), `${name} links to ${address}`);
    }
  }
});

test('previews: a title, a description and an absolute picture on every page', () => {
  const seen = new Set();
  for (const name of htmlFiles()) {
    const html = readFileSync(join(site, name), 'utf8'), address = `https://example.org/some/where/${name.replace(/index\.html$/, '')}`;
    const title = attribute(html, /<title>([^<]+)<\/title>/), description = attribute(html, /name="description" content="([^"]+)"/);
    assert.equal(attribute(html, /property="og:title" content="([^"]+)"/), title, name);
    assert.equal(attribute(html, /property="og:description" content="([^"]+)"/), description, name);
    assert.ok(description.length > 40, name);
    assert.ok(!seen.has(title), `two pages are called ${title}`);
    seen.add(title);
    assert.equal(attribute(html, /property="og:image" content="([^"]+)"/), 'https://example.org/some/where/icons/social.jpg', name);
    assert.equal(attribute(html, /property="og:url" content="([^"]+)"/), address, name);
    assert.equal(attribute(html, /rel="canonical" href="([^"]+)"/), address, name);
    assert.ok(readFileSync(join(site, 'sitemap.xml'), 'utf8').includes(`<loc>${address}</loc>`), name);
  }
  const picture = readFileSync(join(site, 'icons/social.jpg'));
  assert.ok(picture.length <= 150e3, 'the picture is too large');
  const frame = picture.indexOf(Buffer.from([0xff, 0xc0])); // baseline: then length, precision, height, width
  assert.deepEqual([picture.readUInt16BE(frame + 7), picture.readUInt16BE(frame + 5)], [1200, 630]);
});

test('the site is whole: what its service worker fetches is there; it never overwrites other folders', () => {
  const { files } = JSON.parse(readFileSync(join(site, 'dist/precache.js'), 'utf8').match(/\{[^]*\}/)[0]);
  assert.ok(files['dist/docs/'] && files['dist/docs/recipes.html'] && files['paint.html']);
  assert.deepEqual(Object.keys(files).filter((name) => !existsSync(join(site, name))), []);
  assert.ok(!existsSync(join(site, 'docs')), 'sources among the pages');
  writeSite('https://example.org/', site);
  assert.equal(readFileSync(join(site, 'robots.txt'), 'utf8'), 'Sitemap: https://example.org/sitemap.xml\n');
  writeFileSync(join(dirname(site), 'mine'), '');
  assert.throws(() => writeSite('https://example.org/', dirname(site)), /something else/);
  assert.throws(() => writeSite('example.org', site), /Which address/);
});
