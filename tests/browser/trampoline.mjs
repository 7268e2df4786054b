// What a page keeps in its own origin when the library comes from another:
// usually one line, import 'https://…/pincel.mjs'.
await import(new URL(self.location.href).searchParams.get('library'));
