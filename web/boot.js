// Runs before the first paint: the visitor's language, asked for in the
// address, chosen before, or the browser's. Texts are in English until
// i18n.mjs has put them into another language; meanwhile the page is blank
// rather than seen to change.
(() => {
  const known = ['en', 'pt'];
  const short = (tag) => String(tag).slice(0, 2).toLowerCase();
  let kept;
  try {
    kept = localStorage.getItem('pincel-language');
  } catch {
    // Storage is turned off: the browser's language will do.
  }
  const asked = new URLSearchParams(location.search).get('lang');
  const root = document.documentElement;
  root.lang = [asked, kept, ...navigator.languages].map(short).find((tag) => known.includes(tag)) ?? 'en';
  if (root.lang !== 'en') root.classList.add('translating');
})();
