// Pincel: image models in a web page, in workers and in Node 20 or newer.
// The same names are properties of the global `pincel` after
// <script src="pincel.js"></script>.
/// <reference lib="dom" />

/**
 * Where a model lies: an address, a path (Node), or the file itself; or its name in the registry,
 * 'pincel:mobilenet-v2' (see listModels); or 'manifest:' and the address of a manifest, which lists its versions
 * (see Manifest). Buffers are never changed or detached.
 */
export type ModelSource = string | URL | ArrayBuffer | ArrayBufferView | Blob | Response;

/** The type of a tensor's elements. */
export type Dtype =
  | 'float32' | 'float16' | 'float64' | 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32'
  | 'int64' | 'uint64' | 'bool';

/**
 * A tensor's elements, row by row: the array type of the same name as the
 * dtype, BigInt64Array and BigUint64Array for 64-bit integers, Uint8Array for
 * bool, Uint16Array (the bits) for float16.
 */
export type TensorData =
  | Float32Array | Float64Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array
  | Uint32Array | BigInt64Array | BigUint64Array;

/** An input or output. With `scale`, real value = scale * (element - zeroPoint). */
export interface TensorInfo {
  name: string;
  /** Before `shapes` are bound (Model.inspect of a file), -1 where the file leaves a dimension open. */
  shape: number[];
  dtype: Dtype;
  scale?: number;
  zeroPoint?: number;
}

/**
 * What a page has of pictures. In Node: a path or URL, encoded bytes (PNG,
 * JPEG, BMP, GIF), a Blob, or pixels. Transparent parts are seen on white.
 */
export type Picture =
  | string | URL | Blob | ArrayBuffer | Uint8Array | Pixels | ImageData | ImageBitmap | HTMLImageElement
  | HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas | VideoFrame;

declare global {
  interface SymbolConstructor {
    /** As lib.esnext.disposable has it. */
    readonly dispose: unique symbol;
  }
}

/** RGBA, 8 bits each, rows from top to bottom, not premultiplied. */
export interface Pixels {
  data: Uint8ClampedArray | Uint8Array;
  width: number;
  height: number;
}

/**
 * A picture that is never in memory as a whole: `region` gives its parts as they are asked for, opaque. Only paintings in
 * tiles read it so (size: 'full', tiles, stylizeToPNG).
 */
export interface PictureRegions {
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** The pixels of a part; always within the picture. */
  region(x: number, y: number, width: number, height: number): Pixels | Promise<Pixels>;
}

/** `loaded` of `total`: bytes while downloading, steps while running, items in a batch; `total` is absent when unknown. */
export interface Progress {
  stage: 'download' | 'prepare' | 'style' | 'run' | 'batch';
  loaded: number;
  total?: number;
}

/**
 * Where the library's files are, by their names in dist/: an address, or the file itself; for modules a function that
 * imports them. What is not named here is looked for beside the library.
 *
 *     { 'pincel-relaxed.wasm': '/hashed-1f3a.wasm', 'pincel-registry.mjs': () => import('pincel/dist/pincel-registry.mjs') }
 */
export type Assets = Record<string, string | ArrayBuffer | Uint8Array | (() => Promise<unknown>)>;

/** Where the library's files lie, for every later call that does not say so itself. Bundlers need no such call. */
export function configure(options: { assetBase?: string | URL | Assets; workerURL?: string | URL }): void;

export interface LoadOptions {
  /** 'auto': as many as the processor has, up to 8; 1 where memory cannot be shared, and model.info.why says why. */
  threads?: 'auto' | number;
  /** Run in a worker. Default: true on a page, false in workers and Node. */
  worker?: boolean;
  /** Cancels the loading. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /**
   * Milliseconds without a single byte after which a connection counts as lost. Lost downloads go on where they broke
   * off, if the server can do that (Range, with ETag or Last-Modified), else from the start; three times without
   * progress, then the error says why. Servers' errors (5xx, 408, 429) are tried again, too. Default: 30000.
   */
  timeout?: number;
  /** 'sha256-' and base64, as in HTML. What does not match is refused. */
  integrity?: string;
  /**
   * Keep a copy of what is fetched, for offline use. With `integrity` the copy
   * serves at once, else when the network fails. Default: true.
   */
  cache?: boolean;
  /**
   * Where the files lie that hold weights of an ONNX model ("external data"),
   * by the names that the model gives them. Default: beside the model.
   */
  externalData?: Record<string, ModelSource>;
  /**
   * For models by name, 'pincel:NAME': the folder to fetch from, by the names of the files in the registry, instead
   * of their publishers' sites. Whatever comes from there must have the digest that the registry promises.
   */
  mirror?: string | URL;
  /** For 'manifest:ADDRESS': which list of versions to follow. Default: 'stable'. */
  channel?: string;
  /** For 'manifest:ADDRESS': this version and no other. */
  pin?: string;
  /** For 'manifest:ADDRESS': false never looks for a newer version by itself. Default: true, after the first result. */
  update?: boolean;
  /** What events call the model. Default: its name in the registry or manifest, or that of its file. */
  name?: string;
  version?: string;
  /** Shapes by input name: plans for that size instead of the file's. */
  shapes?: Record<string, number[]>;
  /** The folder of the .wasm files, or where each file lies. Default: the library's own folder. */
  assetBase?: string | URL | Assets;
  /**
   * The worker script. Default: the library's own file, or pincel.mjs in
   * assetBase when it was bundled into another file. A script of another origin
   * is started by one of the page's own that only imports it; where a policy
   * forbids that (worker-src without blob:), name a file of the page's own origin,
   * which holds `import 'https://cdn.example/pincel.mjs'` (.mjs) or
   * `importScripts('https://cdn.example/pincel.js')` (.js). Without a worker
   * models run in the page's own thread, and model.info.why says so.
   */
  workerURL?: string | URL;
  /** The kernels to use. 'auto' takes the best this browser has. 'scalar' is for comparison. */
  simd?: 'auto' | 'relaxed' | 'simd128' | 'scalar';
  /** What a model may take. Defaults: 1 GiB of memory, 4096e9 multiply-accumulates a run. */
  limits?: {
    /** bytes */
    memory?: number;
    /** multiply-accumulates */
    macs?: number;
  };
}

export interface ModelInfo {
  simd: 'relaxed' | 'simd128' | 'scalar';
  threads: number;
  /** Why there are fewer threads, or no worker, though they were wanted. */
  why?: string;
  /** Activations and scratch. */
  arenaBytes: number;
  /** Constants and packed weights. */
  weightBytes: number;
  /** Multiply-accumulates of one run. */
  macs: number;
  /** Operators in the file. */
  ops: number;
  /** Steps of a run, after operators have been merged. */
  steps: number;
}

export interface RunOptions {
  /** Cancels between two steps; the model stays usable. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** One of many: what came of it, or why nothing did. */
export interface BatchEntry<Input, Result> {
  /** Its place among them, from 0. */
  index: number;
  /** What was given. */
  input: Input;
  /** What the call for it alone would have given. */
  result?: Result;
  /** Why there is no result. */
  error?: PincelError;
}

export interface StepProfile {
  step: number;
  op: string;
  /** The name of its first output. */
  name: string;
  /** The shape of its first output. */
  shape: number[];
  macs: number;
  /** Mean over the runs, in milliseconds. */
  ms: number;
  /** 1e9 multiply-accumulates a second. */
  gmacs: number;
}

export interface Inspection {
  /** Size of the file. */
  bytes: number;
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  /** Operators of the file, the most frequent first. */
  ops: { op: string; count: number; supported: boolean }[];
  /** The file's nodes in their order. */
  nodes: { op: string; name: string; shape: number[]; supported: boolean }[];
  /** True when the model can be loaded. */
  supported: boolean;
  /** Why it cannot, when all its operators are supported. */
  error?: PincelError;
  /** The rest is known only when it can. */
  macs?: number;
  arenaBytes?: number;
  weightBytes?: number;
  /** File, weights and arena, in bytes. */
  peakMemory?: number;
}

/** What one load or run was. */
export interface Report {
  what: 'load' | 'run';
  /** The model's; '' for buffers without a name. */
  name: string;
  version?: string;
  /** How long it took. For a run without the wait, from the inputs to the outputs as the caller sees it. */
  ms: number;
  /** Runs: how long the call waited for those before it. */
  queueMs?: number;
  /** Loads: size of the file. */
  bytes?: number;
  threads?: number;
  simd?: 'relaxed' | 'simd128' | 'scalar';
  /** Multiply-accumulates of one run. */
  macs?: number;
  /** In 'error' events. */
  error?: PincelError;
}

/** What came of a look for a newer version. */
export interface Update {
  /**
   * 'ready': a newer version has passed its self-test and serves from the next load on. 'refused': it has failed, is
   * remembered by its digest and not tried again. 'unknown' (in events): looking failed, for instance offline.
   * 'current' (of Model.update): there is no newer one.
   */
  state: 'ready' | 'refused' | 'unknown' | 'current';
  name?: string;
  version?: string;
  error?: PincelError;
}

export interface ModelEvents {
  /** Of `events` only: no one can listen to a model before it is loaded. */
  load: CustomEvent<Report>;
  run: CustomEvent<Report>;
  /** A load (of `events` only) or a run failed, or was cancelled. */
  error: CustomEvent<Report>;
  update: CustomEvent<Update>;
}

interface ModelEventTarget extends EventTarget {
  addEventListener<K extends keyof ModelEvents>(
    type: K, listener: ((event: ModelEvents[K]) => void) | null, options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

/**
 * The events of all models, for a page that collects its own statistics; each model has its own, too. The library
 * sends nothing to anybody. Loads and runs are also User Timing entries, 'pincel:load NAME' and 'pincel:run NAME' with
 * the report as `detail`; the timeline keeps the last of each name, a PerformanceObserver sees all.
 */
export const events: ModelEventTarget;

/** A network that is ready to run: tensors in, tensors out. Events: 'run', 'error' and 'update', with a Report or Update as `detail`. */
export class Model extends EventTarget implements ModelEventTarget {
  private constructor();

  /** Fetches a .tflite model and makes it ready to run. */
  static load(source: ModelSource, options?: LoadOptions): Promise<Model>;

  /** What a file holds, from the file alone. Files that are no models are rejected with code 'format'. */
  static inspect(source: ModelSource, options?: LoadOptions): Promise<Inspection>;

  /**
   * Looks for a newer version of 'manifest:ADDRESS' now, tests it and makes it that of the next load; otherwise that
   * happens by itself after a model's first result.
   */
  static update(source: string, options?: LoadOptions): Promise<Update>;

  addEventListener<K extends keyof ModelEvents>(
    type: K, listener: ((event: ModelEvents[K]) => void) | null, options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;

  /** What events call it. */
  readonly name: string;
  /** Of models by manifest or by name in the registry, where it is known. */
  readonly version?: string;
  /** What run takes, as bound now. */
  readonly inputs: TensorInfo[];
  /** What run gives, as bound now. */
  readonly outputs: TensorInfo[];
  /** How it runs and what it takes. */
  readonly info: ModelInfo;
  /** What the file itself says, in TFLite's metadata; Classifier and Stylizer take it where their options are silent. */
  readonly metadata: { name?: string; description?: string; mean?: number[]; std?: number[]; bgr?: boolean; labels?: string[] };

  /**
   * Runs once. Inputs by name, or one bare array when there is one input;
   * they are read during the call and never changed or detached. Calls queue
   * in order. Resolves to fresh arrays by output name.
   */
  run(inputs: Record<string, TensorData> | TensorData, options?: RunOptions): Promise<Record<string, TensorData>>;

  /**
   * Runs for each of any iterable, asynchronous or not: `for await (const { index, result, error } of model.runMany(list))`.
   * At most two are on their way. One that fails gives an entry with its error, and the others go on; only cancelling and a
   * failed engine end it. Progress counts finished items and the part done of the one at work.
   */
  runMany<Input extends Record<string, TensorData> | TensorData>(
    inputs: Iterable<Input> | AsyncIterable<Input>, options?: RunOptions,
  ): AsyncGenerator<BatchEntry<Input, Record<string, TensorData>>, void>;

  /** Plans for other input shapes. When it is rejected, the former shapes still hold. */
  reshape(shapes: Record<string, number[]>): Promise<void>;

  /** The time of every step, over `runs` runs (default 20) after one to warm up. */
  profile(inputs: Record<string, TensorData> | TensorData, options?: { runs?: number }): Promise<StepProfile[]>;

  /** Gives all memory back. Whatever is waiting, and every later call, is rejected with code 'disposed'. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** How bytes of a picture become real values: (byte - mean) / std, one number or one per channel. */
export interface Normalisation {
  /** In short: '-1..1' is mean 127.5 and std 127.5, '0..1' is 0 and 255, '0..255' is 0 and 1. */
  range?: '-1..1' | '0..1' | '0..255';
  mean?: number | [number, number, number];
  std?: number | [number, number, number];
  /** True when the network's channels are blue, green, red. */
  bgr?: boolean;
}

/** Best first. */
export type Classes = { label: string; index: number; score: number }[] & { unsure: boolean };

export interface ClassifierOptions extends LoadOptions, Normalisation {
  /** In the order of the classes: an array, or a text with one a line, or where that text lies. */
  labels?: string[] | string | URL | Blob | ArrayBuffer | Uint8Array;
  /** How much of the largest central part with the input's aspect ratio is seen. Default: 0.875. */
  crop?: number;
  /** How many labels classify gives. Default: 5. */
  topK?: number;
  /** A best score below this makes the answer unsure. Default: the registry's for the model, else none. */
  threshold?: number;
}

/**
 * Image classification. Unless `range`, `mean` or `std` say otherwise, float
 * inputs take values from -1 to 1, and quantised inputs the bytes as they are.
 */
export class Classifier {
  private constructor();
  /** Loads a network that gives scores, and its labels. */
  static create(source: ModelSource, options?: ClassifierOptions): Promise<Classifier>;
  /** The network itself, for tensors. */
  readonly model: Model;
  /** In the order of the classes; empty where nobody told them. */
  readonly labels: string[];
  /** How it runs and what it takes. */
  readonly info: ModelInfo;
  /** The best classes first, ties by index. Scores are the network's own, dequantised. */
  classify(picture: Picture, options?: RunOptions & { topK?: number; threshold?: number }):
    Promise<Classes>;
  /** Classifies each of many, as Model.runMany runs: a bad picture costs only its own entry. */
  classifyMany<Input extends Picture>(
    pictures: Iterable<Input> | AsyncIterable<Input>, options?: RunOptions & { topK?: number; threshold?: number },
  ): AsyncGenerator<BatchEntry<Input, Classes>, void>;
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface StylizerOptions extends Omit<LoadOptions, 'integrity'>, Normalisation {
  /** For a pair, one for each. */
  integrity?: string | { predict?: string; transfer?: string };
  /** Names for the styles that a network knows by number, in their order. */
  styles?: (string | { id: string })[];
}

export interface StylizeOptions extends RunOptions {
  /**
   * For pairs of networks: the picture to paint like, or its vector from
   * styleVector. For a network that knows its styles: one by name or number, a
   * mixture `{ 'starry-night': 2, ink: 1 }`, or the weights of all.
   */
  style?: Picture | Float32Array | number[] | string | number | Record<string, number>;
  /** 1 (default) is all style, 0 leaves the photograph as it is (in pairs: paints it in its own style). */
  strength?: number;
  /**
   * Longer side of what is computed, in pixels, 16 to 32768; or 'full', exactly the photograph's size. Default: 384 (for
   * tiles and stylizeToPNG: 'full'). A network with one fixed size computes in that.
   */
  size?: number | 'full';
  /**
   * Bytes that the painting may take, 256 MiB unless given: above it the picture is painted in tiles, each with a border as
   * wide as the network sees, all with the statistics of one rendering of the whole that fits, so that no seam shows.
   * It counts the engine's activations, the pictures on their way into it and out, and a row of finished tiles. It does not
   * count the photograph as the browser (or Node) holds it decoded, the network's own weights, and what you keep of the
   * painting: all of it with stylize, nothing with tiles and stylizeToPNG.
   */
  memory?: number;
  /** 'network' (default): as computed. 'original': enlarged (bicubic) to the size of the photograph. */
  output?: 'network' | 'original';
}

/** A part of a painting. */
export interface PaintedTile extends Pixels {
  /** Of its left edge, in the painting. */
  x: number;
  /** Of its upper edge. */
  y: number;
  /** The size of the whole painting. */
  of: { width: number; height: number };
}

/** Style transfer, with values from 0 to 1 unless `range`, `mean` or `std` say otherwise. */
export class Stylizer {
  private constructor();
  /** One network from picture to picture, or a pair: `predict` turns a style into a vector, `transfer` paints with it. */
  static create(
    source: ModelSource | { predict: ModelSource; transfer: ModelSource },
    options?: StylizerOptions,
  ): Promise<Stylizer>;
  /** How it runs and what it takes; of a pair, the network that paints. */
  readonly info: ModelInfo;
  /** The painting: ImageData where there is such a thing, else its like. Calls queue in order. */
  stylize(picture: Picture | PictureRegions, options?: StylizeOptions): Promise<ImageData>;
  /** The painting part by part, row by row from the top: pixels at `x`, `y` of a painting as large as `of`. */
  tiles(picture: Picture | PictureRegions, options?: StylizeOptions): AsyncGenerator<PaintedTile, void>;
  /**
   * The painting as a PNG file that is written while it is painted: a photograph of 48 megapixels is saved without the
   * 192 MB that its pixels take. Gather the pieces in a Blob in a page; `pipeline(pieces, createWriteStream(path))` in Node.
   * Leaving the loop ends the painting. onTile sees every tile before it is written.
   */
  stylizeToPNG(picture: Picture | PictureRegions, options?: StylizeOptions & { onTile?: (tile: PaintedTile) => void }):
    AsyncGenerator<Uint8Array, void>;
  /** Paints each of many, one at a time, as Model.runMany runs: a bad picture costs only its own entry. */
  stylizeMany<Input extends Picture | PictureRegions>(
    pictures: Iterable<Input> | AsyncIterable<Input>, options?: StylizeOptions,
  ): AsyncGenerator<BatchEntry<Input, ImageData>, void>;
  /** Names of the styles that the network knows, where `styles` told them. */
  readonly styles: string[];
  /** For pairs: the vector that stands for a style picture. */
  styleVector(picture: Picture, options?: RunOptions): Promise<Float32Array>;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What went wrong, for programs; see the error index of the documentation. */
export type ErrorCode =
  /** An option or argument is out of range. */
  | 'argument'
  /** The file is damaged, or not what it was taken for: no .tflite model, no manifest. */
  | 'format'
  /** The model uses what the engine does not have; the message names all of it. */
  | 'unsupported'
  /** A shape, or the length of an array, does not fit. */
  | 'shape'
  /** A dtype does not fit. */
  | 'type'
  /** More than `limits` allow. */
  | 'limit'
  | 'memory'
  /** A picture cannot be read. */
  | 'picture'
  /** An input holds a value the model cannot use. */
  | 'value'
  | 'fetch'
  | 'integrity'
  /** Cancelled by an AbortSignal; `cause` is its reason. */
  | 'abort'
  /** The browser, the server or a policy lacks what the engine needs. */
  | 'environment'
  | 'disposed'
  /** The engine failed; only this model is lost. */
  | 'internal';

/** Every failure. Branch on `code`; `message` and `hint` are for people. */
export class PincelError extends Error {
  readonly name: 'PincelError';
  /** What went wrong, for programs to branch on. */
  readonly code: ErrorCode;
  /** The operator, as TFLite spells it. */
  readonly op?: string;
  /** The tensor, by its name in the model. */
  readonly tensor?: string;
  /** What would have been right. */
  readonly expected?: string;
  /** What there was instead. */
  readonly got?: string;
  /** Code 'fetch': what the server answered, when it did. */
  readonly status?: number;
  /** What to do about it. */
  readonly hint?: string;
}

/** A file of a model in the registry. */
export interface RegisteredFile {
  /** As it is kept, and as a mirror has to call it. */
  name: string;
  bytes: number;
  /** In hexadecimal. */
  sha256: string;
  /** Where its publisher has it; absent for models that ship with the library. */
  addresses?: string[];
}

/** What the registry knows of a model. Classifier and Stylizer take what they need of it. */
export interface RegisteredModel {
  title: string;
  task: 'classification' | 'style transfer' | 'detection';
  version: string;
  licence: string;
  publisher: string;
  /** A page about it. */
  page?: string;
  /** One file, `model`, or a pair, `predict` and `transfer`. */
  files: Record<string, RegisteredFile>;
  normalisation?: Normalisation;
  crop?: number;
  /** A best score below this means that the network is unsure. */
  threshold?: number;
  labels?: string[] | { list: string; skip?: number };
  /** The styles that a network knows, in their order; names in one language or several, `thumbnail` beside the file. */
  styles?: { id: string; name: string | Record<string, string>; by?: string; thumbnail?: string }[];
}

/** The models that can be named 'pincel:NAME': those that ship, and well-known public ones. */
export function listModels(options?: { assetBase?: string | URL | Assets }): Promise<Record<string, RegisteredModel>>;

/**
 * Fetches a model's files by its name, checks and keeps them: in Cache Storage, or in Node in $PINCEL_CACHE
 * (default: the folder pincel in the user's cache folder; `path` says where).
 */
export function pullModel(
  name: string,
  options?: Pick<LoadOptions, 'assetBase' | 'mirror' | 'signal' | 'onProgress'>,
): Promise<{ name: string; bytes: Uint8Array; path?: string; wasKept: boolean }[]>;

/**
 * A JSON file that lists a model's versions, for 'manifest:ADDRESS'; `pincel manifest` writes it.
 *
 * The version that is kept serves at once, without the network. After its first result the manifest is looked at
 * again. A newer version is fetched, its digest checked, and it computes its golden in an instance of its own; when
 * that is right it serves from the next load on, and the model tells an 'update' event. When it is not, it is
 * remembered as bad, by its digest, and the former one goes on. A version that cannot be opened makes way for the one
 * before it. Everything is kept in Cache Storage (in Node in $PINCEL_CACHE); without it models are fetched each time.
 */
export interface Manifest {
  /** The number of this format. */
  pincel: 1;
  /** Letters, digits and .+-_ */
  name: string;
  task?: 'classification' | 'style transfer' | 'detection';
  /** By name ('stable' unless `channel` says otherwise) versions, the newest first: the first one that is meant for a visitor serves. */
  channels: Record<string, string[]>;
  versions: Record<string, ManifestVersion>;
}

/** Besides the files, how the model wants its pictures, and what its classes or styles are called. */
export interface ManifestVersion extends Normalisation {
  /** One network, or Magenta's pair. */
  files: { model: ManifestFile } | { predict: ManifestFile; transfer: ManifestFile };
  /** To how many of the visitors it goes, 0 to 1. Each draws once, by chance, and independently for each version. Default: 1. */
  share?: number;
  /** The least version of the library. */
  engine?: string;
  crop?: number;
  threshold?: number;
  labels?: string[];
  styles?: (string | { id: string })[];
}

export interface ManifestFile {
  /** Relative to the manifest; http or https, or in Node from where the manifest lies. */
  url: string;
  bytes: number;
  /** In hexadecimal. */
  sha256: string;
  /** What it computes from an input that arithmetic makes. Without one, a version need only load and run. */
  golden?: {
    /** Bytes of a xorshift generator in every input, see js/probe.mjs. */
    input: 'noise';
    /** Other shapes than the file's, by input name. */
    shapes?: Record<string, number[]>;
    /** By output name, all its bytes or a summary of its values. */
    outputs: Record<string, { sha256: string } | { mean: number; deviation: number; samples?: number[]; parts?: number[] }>;
    /** Of summaries: the greatest difference, relative to the deviation. Default: 0. */
    tolerance?: number;
  };
}

/** What this browser can do; `why` says what stands in the way of threads. */
export function features(): { simd128: boolean; relaxed: boolean; threads: boolean; why?: string };

/** Any picture as pixels. */
export function readPicture(picture: Picture, options?: { signal?: AbortSignal; assetBase?: string | URL | Assets }): Promise<Pixels>;

/** Pixels as a PNG file; the same in browsers and Node. */
export function encodePNG(pixels: Pixels, options?: { assetBase?: string | URL | Assets }): Promise<Uint8Array>;

/** The library's version, as in package.json. */
export const version: string;

/** The global after <script src="pincel.js"></script>. */
export as namespace pincel;
