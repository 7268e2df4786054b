// The look of a painting, as it stands in the page's address: which style,
// mixed with which other and how much, how strong, how large. Never the picture.

const number = (text, low, high, otherwise) => {
  const value = Number(text);
  return text !== null && value >= low && value <= high ? value : otherwise;
};

/** {style, second, blend, strength, size}: ids or '', percent, percent, 'full' or pixels. */
export function readLook() {
  const asked = new URLSearchParams(location.search);
  const size = asked.get('size');
  return {
    style: asked.get('style') ?? '',
    second: asked.get('with') ?? '',
    blend: number(asked.get('blend'), 0, 100, 50),
    strength: number(asked.get('strength'), 0, 100, 100),
    size: size === 'full' ? size : number(size, 16, 8192, undefined),
  };
}

/** Whatever else the address says stays as it is. */
export function writeLook({ style, second, blend, strength, size }) {
  const address = new URL(location.href);
  const put = (name, value) => (value === '' || value === undefined ? address.searchParams.delete(name) : address.searchParams.set(name, value));
  put('style', style);
  put('with', second);
  put('blend', second && blend);
  put('strength', strength);
  put('size', size);
  if (address.href !== location.href) history.replaceState(null, '', address);
}
