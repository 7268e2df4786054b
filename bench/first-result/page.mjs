// What both pages of the first-result row share: where things lie, and how an answer is shown.
const parameters = new URLSearchParams(location.search);

export const model = parameters.get('model');
export const threads = Number(parameters.get('threads'));

/** The photograph's pixels, on their way at once. */
export const input = fetch(parameters.get('input')).then(async (response) => new Uint8Array(await response.arrayBuffer()));

/** Shows the class; run.mjs waits for the line. */
export function answer(scores) {
  const best = scores.indexOf(Math.max(...scores));
  document.getElementById('answer').textContent = best;
  console.log(`answer ${best}`);
}
