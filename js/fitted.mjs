const multiple = 4; // the networks halve the picture twice
const least = 8; // pixels a side: a quarter of it still has a neighbour to mirror

/** The picture's size with its longer side at `size`, in multiples of 4, at least 8. */
export function fitted({ width, height }, size) {
  const scale = size / Math.max(width, height);
  const round = (side) => Math.max(least, Math.round(side * scale / multiple) * multiple);
  return { width: round(width), height: round(height) };
}
