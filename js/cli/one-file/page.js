// The page inside a file made by `pincel bundle`. Everything it needs lies in the file: nothing is fetched.
(() => {
  const $ = (id) => document.getElementById(id);
  const settings = JSON.parse($('settings').textContent);
  const isPainter = settings.task === 'style transfer';
  const language = settings.lang ?? (/^pt\b/i.test(navigator.language) ? 'pt' : 'en');
  const isTouched = matchMedia('(hover: none)').matches;
  const words = {
    en: {
      lead: isPainter ? 'Your photograph, painted on this device.' : 'What is in your photograph, found out on this device.',
      invitation: isTouched ? 'Choose a photograph, or take one.' : 'Choose a photograph, drop one here, or paste it.', choose: 'Choose a photograph', take: 'Use the camera',
      before: 'Before', after: 'After', compare: 'How much of the original to show, in percent', painting: 'The painting', photograph: 'The photograph',
      save: 'Save', share: 'Share', another: 'Another photograph', retake: 'Use the camera', style: 'Style', strength: 'Strength', size: 'Size',
      foot: 'Made with Pincel. This file works by itself: your pictures stay on this device.', unsure: 'Unsure. Perhaps:',
      notPicture: 'That is no picture.', file: 'painting',
    },
    pt: {
      lead: isPainter ? 'A sua fotografia, pintada neste dispositivo.' : 'O que há na sua fotografia, descoberto neste dispositivo.',
      invitation: isTouched ? 'Escolha uma fotografia, ou tire uma.' : 'Escolha uma fotografia, largue-a aqui ou cole-a.', choose: 'Escolher uma fotografia', take: 'Usar a câmara',
      before: 'Antes', after: 'Depois', compare: 'Quanto mostrar do original, em percentagem', painting: 'A pintura', photograph: 'A fotografia',
      save: 'Guardar', share: 'Partilhar', another: 'Outra fotografia', retake: 'Usar a câmara', style: 'Estilo', strength: 'Força', size: 'Tamanho',
      foot: 'Feito com o Pincel. Este ficheiro funciona sozinho: as suas imagens ficam neste dispositivo.', unsure: 'Sem certeza. Talvez:',
      notPicture: 'Isso não é uma imagem.', file: 'pintura',
    },
  }[language];

  // ---- What the file holds ----

  /** DEFLATE (RFC 1951), for the browsers that run the engine but have no DecompressionStream. */
  function inflate(input, length) {
    const output = new Uint8Array(length);
    let at = 0, bit = 0, out = 0;
    const bits = (count) => {
      let value = 0;
      for (let i = 0; i < count; i++, bit++) value |= (input[at + (bit >> 3)] >> (bit & 7) & 1) << i;
      return value;
    };
    const tableOf = (lengths) => {
      const counts = new Uint16Array(16), offsets = new Uint16Array(16), symbols = new Uint16Array(lengths.length);
      for (const size of lengths) counts[size]++;
      counts[0] = 0;
      for (let i = 1; i < 16; i++) offsets[i] = offsets[i - 1] + counts[i - 1];
      lengths.forEach((size, symbol) => { if (size) symbols[offsets[size]++] = symbol; });
      return { counts, symbols };
    };
    const decode = ({ counts, symbols }) => {
      for (let size = 1, code = 0, first = 0, index = 0; size < 16; size++) {
        code |= bits(1);
        const count = counts[size];
        if (code - count < first) return symbols[index + code - first];
        index += count;
        first = first + count << 1;
        code <<= 1;
      }
      throw new Error('damaged');
    };
    const lengthBase = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
    const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
    const distanceBase = Array.from({ length: 30 }, (_, i) => (i < 4 ? i + 1 : (2 + (i & 1) << (i >> 1) - 1) + 1));
    const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    const fixed = () => [tableOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))), tableOf(new Array(30).fill(5))];
    const dynamic = () => {
      const literals = bits(5) + 257, distances = bits(5) + 1, codes = bits(4) + 4, lengths = new Array(19).fill(0);
      for (let i = 0; i < codes; i++) lengths[order[i]] = bits(3);
      const table = tableOf(lengths), all = [];
      while (all.length < literals + distances) {
        const symbol = decode(table);
        if (symbol < 16) all.push(symbol);
        else {
          const value = symbol === 16 ? all.at(-1) : 0, times = symbol === 16 ? 3 + bits(2) : symbol === 17 ? 3 + bits(3) : 11 + bits(7);
          for (let i = 0; i < times; i++) all.push(value);
        }
      }
      return [tableOf(all.slice(0, literals)), tableOf(all.slice(literals))];
    };
    for (let last = 0; !last;) {
      last = bits(1);
      const kind = bits(2);
      if (kind === 0) {
        at += bit + 7 >> 3;
        bit = 0;
        const size = input[at] | input[at + 1] << 8;
        output.set(input.subarray(at + 4, at + 4 + size), out);
        at += 4 + size;
        out += size;
        continue;
      }
      const [literals, distances] = kind === 1 ? fixed() : dynamic();
      for (let symbol = decode(literals); symbol !== 256; symbol = decode(literals)) {
        if (symbol < 256) output[out++] = symbol;
        else {
          const size = lengthBase[symbol - 257] + bits(lengthBits[symbol - 257]), code = decode(distances);
          const distance = distanceBase[code] + bits(code < 4 ? 0 : (code >> 1) - 1);
          for (let i = 0; i < size; i++, out++) output[out] = output[out - distance];
        }
      }
    }
    return output;
  }

  /** A file of this one: base64 of its DEFLATE. */
  async function read(name) {
    const block = document.querySelector(`script[data-file="${name}"]`);
    const packed = Uint8Array.from(atob(block.textContent), (letter) => letter.charCodeAt(0));
    if (typeof DecompressionStream !== 'function') return inflate(packed, Number(block.dataset.bytes));
    try {
      const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    } catch {
      return inflate(packed, Number(block.dataset.bytes)); // there are browsers without the raw kind
    }
  }

  /** The worker's script is this page's own copy of the library. */
  const workerURL = () => `${URL.createObjectURL(new Blob([$('library').textContent], { type: 'text/javascript' }))}#pincel.js`;

  let loading; // Promise<Stylizer | Classifier>
  async function load() {
    const engine = `pincel-${pincel.features().relaxed ? 'relaxed' : 'simd128'}.wasm`;
    const [bytes, model] = await Promise.all([read(engine), read('model.tflite')]);
    // What the model's file says of itself was read when this file was made.
    pincel.configure({ assetBase: { [engine]: bytes, 'pincel-metadata.mjs': async () => ({ readMetadata: () => ({}) }) }, workerURL: workerURL() });
    return (isPainter ? pincel.Stylizer : pincel.Classifier).create(model, { ...settings.options, threads: 1, cache: false });
  }

  // ---- What the visitor sees ----

  let photo; // Blob
  let work; // AbortController of what goes on

  function say(error) {
    const text = error ? [error.message, error.hint].filter(Boolean).join(' ') : '';
    $('message').textContent = text;
    $('message').hidden = !text;
  }

  function report({ loaded, total }) {
    const bar = $('progress');
    bar.hidden = false;
    if (total) bar.value = loaded / total;
    else bar.removeAttribute('value');
  }

  function show(percent) {
    $('compare').value = percent;
    $('pictures').style.setProperty('--shown', `${percent}%`);
    $('tag-before').hidden = percent < 12;
    $('tag-after').hidden = percent > 88;
  }

  function draw(canvas, source, width, height) {
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    if (source instanceof ImageData) context.putImageData(source, 0, 0);
    else context.drawImage(source, 0, 0, width, height);
  }

  function reveal() {
    $('stage').classList.remove('empty');
    $('choosing').hidden = true;
    $('pictures').hidden = $('controls').hidden = false;
  }

  async function paint(stylizer, bitmap, options) {
    const isFirst = $('pictures').hidden;
    const style = settings.style ?? ($('style').value || undefined);
    const painting = await stylizer.stylize(photo, { style, strength: Number($('strength').value), size: Number($('size').value), ...options });
    draw($('after'), painting, painting.width, painting.height);
    draw($('before'), bitmap, painting.width, painting.height);
    reveal();
    if (isFirst) show(50);
  }

  async function classify(classifier, bitmap, options) {
    const scale = Math.min(1, 1024 / Math.max(bitmap.width, bitmap.height));
    draw($('after'), bitmap, Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
    const guesses = await classifier.classify(photo, { topK: 5, ...options });
    const rows = guesses.map(({ label, score }) => {
      const row = document.createElement('li'), name = document.createElement('span'), share = document.createElement('span'), bar = document.createElement('div');
      name.textContent = label;
      share.textContent = score.toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 });
      bar.style.width = `${100 * score}%`;
      row.append(name, share, bar);
      return row;
    });
    if (guesses.unsure) rows.unshift(Object.assign(document.createElement('li'), { className: 'unsure', textContent: words.unsure }));
    $('answers').replaceChildren(...rows);
    $('answers').hidden = false;
    reveal();
  }

  /** Works anew on the present photograph; what was going on is stopped. */
  async function update() {
    if (!photo) return;
    work?.abort();
    const mine = work = new AbortController();
    report({});
    let bitmap;
    try {
      bitmap = await createImageBitmap(photo, { imageOrientation: 'from-image' }).catch(() => { throw new Error(words.notPicture); });
      loading ??= load();
      loading.catch(() => { loading = undefined; });
      await (isPainter ? paint : classify)(await loading, bitmap, { signal: mine.signal, onProgress: report });
      say();
      document.documentElement.dataset.done = String(Number(document.documentElement.dataset.done ?? 0) + 1);
    } catch (error) {
      if (error.code !== 'abort') say(error);
    } finally {
      bitmap?.close();
      if (mine === work) $('progress').hidden = true;
    }
  }

  function take(file) {
    if (!file) return;
    photo = file;
    update();
  }

  const painted = () => new Promise((resolve) => { $('after').toBlob(resolve, 'image/png'); });
  const fileName = () => `${words.file}.png`;

  async function save() {
    const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(await painted()), download: fileName() });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async function share() {
    try {
      await navigator.share({ files: [new File([await painted()], fileName(), { type: 'image/png' })], title: document.title });
    } catch (error) {
      if (error.name !== 'AbortError') save();
    }
  }

  const canShare = () => Boolean(navigator.canShare?.({ files: [new File([''], 'a.png', { type: 'image/png' })] }));

  function listen() {
    for (const [button, input] of [['choose', 'file'], ['another', 'file'], ['take', 'camera'], ['retake', 'camera']]) $(button).addEventListener('click', () => $(input).click());
    for (const input of [$('file'), $('camera')]) {
      input.addEventListener('change', () => {
        take(input.files[0]);
        input.value = '';
      });
    }
    const over = (isOver) => (event) => {
      event.preventDefault();
      $('stage').classList.toggle('over', isOver);
    };
    addEventListener('dragover', over(true));
    addEventListener('dragleave', over(false));
    addEventListener('drop', (event) => {
      over(false)(event);
      take([...event.dataTransfer.files].find(({ type }) => type.startsWith('image/')));
    });
    addEventListener('paste', ({ clipboardData }) => take([...clipboardData.files].find(({ type }) => type.startsWith('image/'))));
    $('compare').addEventListener('input', () => show(Number($('compare').value)));
    for (const id of ['style', 'size', 'strength']) $(id).addEventListener('change', update);
    $('strength').addEventListener('input', showStrength);
    $('save').addEventListener('click', save);
    $('share').addEventListener('click', share);
  }

  const showStrength = () => { $('strength-value').textContent = Number($('strength').value).toLocaleString(language, { style: 'percent' }); };

  function prepare() {
    document.documentElement.lang = language;
    for (const id of ['lead', 'invitation', 'choose', 'take', 'save', 'share', 'another', 'retake', 'foot']) $(id).textContent = words[id];
    for (const [id, text] of [['tag-before', 'before'], ['tag-after', 'after'], ['strength-name', 'strength'], ['size-name', 'size']]) $(id).textContent = words[text];
    $('style-dial').firstElementChild.textContent = words.style;
    $('compare').setAttribute('aria-label', words.compare);
    $('after').setAttribute('aria-label', isPainter ? words.painting : words.photograph);
    $('strength').value = settings.strength;
    showStrength();
    $('size').value = '768';
    $('share').hidden = !isPainter || !canShare();
    $('save').classList.toggle('main', $('share').hidden);
    if (!isPainter) for (const id of ['save', 'dials', 'before', 'line', 'compare', 'tag-before', 'tag-after']) $(id).hidden = true;
    if (settings.styles) {
      $('style').append(...settings.styles.map(({ id, name }) => new Option(name[language] ?? name, id)));
      $('style-dial').hidden = false;
    }
    listen();
    loading = load(); // while the visitor chooses
    loading.catch((error) => {
      loading = undefined;
      say(error);
    });
  }

  /** For tests and for whoever embeds the page. */
  globalThis.pincelPage = { take, get ready() { return loading; } };
  prepare();
})();
