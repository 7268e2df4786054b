// The site works offline after the first visit: sw.js keeps it.

/** Once the page has what it needs itself. Without service workers (private windows) the site needs the network. */
export function keepOffline() {
  const register = () => navigator.serviceWorker?.register('sw.js', { updateViaCache: 'none' }).catch(() => {});
  if (document.readyState === 'complete') register();
  else addEventListener('load', register, { once: true });
}
