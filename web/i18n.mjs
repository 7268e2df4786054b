// The site in the visitor's language. English is written where it is shown and
// serves as the key; pt.mjs holds the Portuguese. boot.js has chosen.
import portuguese from './pt.mjs';

const dictionaries = { pt: portuguese };
const attributes = ['aria-label', 'alt', 'placeholder', 'title', 'content'];
const said = new WeakMap(); // element → [text, values] of say
const originals = new WeakMap(); // text node or element → its English

export const language = () => document.documentElement.lang;

/** A sentence in the visitor's language; {name} in it stands for values.name. */
export function t(text, values = {}) {
  const sentence = dictionaries[language()]?.[text] ?? text;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name] ?? whole;
    return typeof value === 'number' ? value.toLocaleString(language(), { useGrouping: false, maximumFractionDigits: 2 }) : value;
  });
}

/** Puts a sentence into an element, and again when the language changes. */
export function say(element, text, values) {
  said.set(element, [text, values]);
  element.dataset.said = '';
  element.textContent = t(text, values);
}

function translateText(node) {
  const text = originals.get(node) ?? node.data;
  const key = text.trim().replace(/\s+/g, ' ');
  if (!key) return;
  originals.set(node, text);
  node.data = text.replace(/\S[^]*\S|\S/, t(key));
}

function translateAttributes(element) {
  const english = originals.get(element) ?? {};
  for (const name of attributes) {
    const text = english[name] ?? element.getAttribute(name);
    if (!text || (name === 'content' && !element.matches('[name="description"]'))) continue;
    english[name] = text;
    element.setAttribute(name, t(text));
  }
  originals.set(element, english);
}

/** Everything under `root` that stands in the page, but for what is marked translate="no". */
export function translate(root = document.documentElement) {
  const own = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node);
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => (
    own(node).matches('script, style, svg, [translate="no"], [translate="no"] *') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
  for (let node = walker.currentNode; node; node = walker.nextNode()) {
    if (node.nodeType === Node.ELEMENT_NODE) {
      translateAttributes(node);
      if (said.has(node)) say(node, ...said.get(node));
    } else if (!said.has(node.parentElement)) translateText(node);
  }
}

function choose(tag) {
  document.documentElement.lang = tag;
  try {
    localStorage.setItem('pincel-language', tag);
  } catch {
    // Not kept for the next page, then.
  }
  translate();
  document.dispatchEvent(new Event('languagechange'));
}

/** The button in the masthead: names, in its own language, the language it leads to. */
function setUpSwitch(button) {
  const show = () => {
    const other = language() === 'en' ? ['pt', 'Português'] : ['en', 'English'];
    [button.lang, button.textContent] = other;
  };
  button.addEventListener('click', () => {
    choose(button.lang);
    show();
  });
  show();
}

if (language() !== 'en') translate();
document.documentElement.classList.remove('translating');
setUpSwitch(document.getElementById('language'));
