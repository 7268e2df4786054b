// The look of a painting, as it stands in the page's address: which style,
// mixed with which other and how much, how strong, how large. Never the picture.

/** An address is a stranger's: digits and a point, within bounds, or it says nothing. */
function number(text, low, high, otherwise) {
  const value = /^\d{1,6}(\.\d{1,6})?$/.test(text ?? '') ? Number(text) : NaN;
  return value >= low && value <= high ? value : otherwise;
}

/**
 * {style, second, blend, strength, size}: ids or '', percent, percent, 'full' or
 * whole pixels. Whether there is such a style is for the page to say.
 */
export function readLook() {
  const asked = new URLSearchParams(location.search);
  const size = asked.get('size');
  return {
    style: asked.get('style') ?? '',
    second: asked.get('with') ?? '',
    blend: number(asked.get('blend'), 0, 100, 50),
    strength: number(asked.get('strength'), 0, 100, 100),
    size: size === 'full' ? size : Math.round(number(size, 16, 8192, NaN)) || undefined,
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
