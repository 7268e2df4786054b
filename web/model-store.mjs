// Remembers, on this device only, which model files a visitor chose: one entry
// per task. Where the browser keeps nothing (private windows), nothing is
// remembered and nothing fails.

const DATABASE = 'pincel-demo';
const STORE = 'choices';

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function transact(mode, act) {
  try {
    const database = await open();
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    }).finally(() => database.close());
  } catch {
    return undefined;
  }
}

/** files: {role: {name, source}}, source a Blob or an address. */
export const remember = (task, files) => transact('readwrite', (store) => store.put(files, task));
export const recall = (task) => transact('readonly', (store) => store.get(task));
export const forget = (task) => transact('readwrite', (store) => store.delete(task));
