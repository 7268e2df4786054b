// Pincel: image models in a web page. See pincel.d.ts for what each name does.
import { serveIfWorker } from './threads.mjs';
import { serveModel } from './worker.mjs';

export { Classifier } from './classifier.mjs';
export { configure, version } from './environment.mjs';
export { PincelError } from './errors.mjs';
export { features } from './features.mjs';
export { Model, events } from './model.mjs';
export { encodePNG, readPicture } from './pictures.mjs';
export { listModels, pullModel } from './source.mjs';
export { Stylizer } from './stylizer.mjs';

serveIfWorker(serveModel);
