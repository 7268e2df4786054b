// A picture of any size that is computed part by part: broad areas of very
// different brightness and colour, as photographs have, with texture on them.

const hash = (x, y) => {
  let value = Math.imul(x + 1, 374761393) ^ Math.imul(y + 1, 668265263);
  value = Math.imul(value ^ (value >>> 13), 1274126177);
  return (value ^ (value >>> 16)) & 31;
};

export function synthetic(width, height) {
  const picture = { width, height, largest: 0 };
  picture.region = (left, top, wide, high) => {
    picture.largest = Math.max(picture.largest, wide * high); // pixels asked for at once
    const data = new Uint8ClampedArray(wide * high * 4);
    for (let y = 0, at = 0; y < high; y++) {
      const v = (top + y) / height;
      for (let x = 0; x < wide; x++, at += 4) {
        const u = (left + x) / width, noise = hash(left + x, top + y), light = 40 + 170 * u * u;
        data[at] = light * (1 - v / 2) + noise;
        data[at + 1] = light * 0.8 + 50 * Math.sin(12 * v) + noise;
        data[at + 2] = 200 - light * v + 20 * Math.sin((left + x) / 9) + noise;
        data[at + 3] = 255;
      }
    }
    return { data, width: wide, height: high };
  };
  return picture;
}

export const whole = ({ width, height, region }) => region(0, 0, width, height);
