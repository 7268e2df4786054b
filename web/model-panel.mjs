// The visitor's own model: chosen as files, dropped, or named by address
// (typed, or in the page's own address as ?role=URL); remembered for next time.
import { Failure } from './failures.mjs';
import { say, t } from './i18n.mjs';
import { recall, remember, forget } from './model-store.mjs';

/** {name, source} of a model's address, which may come from a stranger's link. */
export function modelAt(address) {
  const { href, protocol, pathname } = URL.canParse(address, location.href) ? new URL(address, location.href) : {};
  if (!/^https?:$/.test(protocol)) throw new Failure('That is no address of a model. It would begin with https://.');
  return { name: pathname.split('/').pop() || href, source: href };
}

export class ModelPanel extends EventTarget {
  /** {role: {name, source}}: source a Blob or an address; what is still missing is absent. */
  files = {};
  #element;
  #options;

  /**
   * options: task, the name it is remembered by; roles, {role: its name for people};
   * sort, async (File) => role; merge, (files, role, file) => files; isComplete,
   * (files) => boolean; advice, (files) => a sentence on what is missing.
   */
  constructor(element, options) {
    super();
    this.#element = element;
    this.#options = options;
    const input = element.querySelector('input[type="file"]');
    for (const button of element.querySelectorAll('[data-action="choose"]'))
      button.addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      this.addFiles([...input.files]);
      input.value = '';
    });
    element.querySelector('[data-action="forget"]').addEventListener('click', () => this.#forget());
    element.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#addAddresses(Object.fromEntries(new FormData(event.target)));
    });
  }

  get complete() { return this.#options.isComplete(this.files); }

  /** The page's address first, then what was chosen last time. */
  async restore() {
    const asked = Object.fromEntries(new URLSearchParams(location.search));
    if (Object.keys(this.#options.roles).some((role) => asked[role])) return this.#addAddresses(asked);
    const remembered = await recall(this.#options.task);
    if (Object.keys(this.files).length === 0) this.#set(remembered ?? {}); // or something was chosen meanwhile
  }

  async addFiles(files) {
    try {
      let chosen = this.files;
      for (const file of files)
        chosen = this.#options.merge(chosen, await this.#options.sort(file), { name: file.name, source: file });
      this.#set(chosen);
    } catch (error) {
      this.dispatchEvent(new CustomEvent('failure', { detail: error }));
    }
  }

  #addAddresses(addresses) {
    let chosen = this.files, failure;
    for (const role of Object.keys(this.#options.roles)) {
      const address = addresses[role]?.trim();
      if (!address) continue;
      try {
        chosen = this.#options.merge(chosen, role, modelAt(address));
      } catch (error) {
        failure = error;
      }
    }
    this.#set(chosen);
    if (failure) this.dispatchEvent(new CustomEvent('failure', { detail: failure }));
  }

  /** For the page to call once the model has shown that it works. */
  keep() { return remember(this.#options.task, this.files); }

  async #forget() {
    await forget(this.#options.task);
    this.#set({});
  }

  #set(files) {
    this.files = files;
    const list = this.#element.querySelector('.model-names');
    list.replaceChildren(...Object.entries(files).map(([role, { name }]) => {
      const item = document.createElement('li');
      const title = Object.assign(document.createElement('span'), { className: 'name', textContent: name, title: name });
      const part = Object.assign(document.createElement('span'), { className: 'role', textContent: t(this.#options.roles[role]) });
      title.translate = false;
      item.append(title, part);
      return item;
    }));
    const advice = this.#options.advice(files);
    say(this.#element.querySelector('.advice'), advice);
    this.#element.querySelector('.advice').hidden = !advice;
    this.#element.querySelector('[data-action="forget"]').hidden = Object.keys(files).length === 0;
    this.#element.classList.toggle('wanted', !this.complete);
    this.dispatchEvent(new Event('change'));
  }
}
