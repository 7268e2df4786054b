// pincel-tools.mjs: models converted and quantised, in a page, a worker or
// Node. It needs pincel.mjs and pincel-tools-*.wasm beside it; nothing leaves
// the device.
import type { Assets, ModelSource, Picture } from './pincel.js';

/** How a picture's bytes become the model's values, and what goes into the new file's metadata. */
export interface Description {
  /** As for Classifier: '0..1', '-1..1', '0..255', or mean and std of the bytes. */
  range?: '0..1' | '-1..1' | '0..255';
  mean?: number | number[];
  std?: number | number[];
  bgr?: boolean;
  labels?: string[];
  name?: string;
  description?: string;
}

interface ToolOptions extends Description {
  /** Another input shape, as the file lays it out; models with one input. */
  shapes?: Record<string, number[]>;
  assetBase?: string | URL | Assets;
  simd?: 'auto' | 'simd128' | 'relaxed';
  limits?: { memory?: number; macs?: number };
  /** Other files that hold weights of an .onnx file, by name. */
  externalData?: Record<string, ModelSource>;
  signal?: AbortSignal;
}

export interface ConvertOptions extends ToolOptions {
  /** 'float32' unless given; int8 weights are expanded when the model is loaded. */
  weights?: 'float32' | 'float16' | 'int8';
}

/** What became of the file: how weights of floats were written (those of integers stay), its size before and after. */
export interface ConvertReport { mode: 'float32' | 'fp16' | 'dynamic' | 'int8'; originalBytes: number; bytes: number }

/**
 * Any model the engine reads as .tflite. A .tflite file is written node by node, and what it says of itself stays unless
 * options say otherwise; an .onnx file's pictures come in and go out with channels last, and what it computes on bytes
 * stays int8. What TFLite has no operator for is reported at once.
 */
export function convert(source: ModelSource, options?: ConvertOptions): Promise<{ bytes: Uint8Array; report: ConvertReport }>;

export interface QuantizeOptions extends ToolOptions {
  /** 'int8' unless given: weights and activations. 'dynamic': weights int8, arithmetic float. 'fp16': weights in half precision. */
  mode?: 'int8' | 'dynamic' | 'fp16';
  /** int8: some dozens of pictures like those the model will see; or samples, inputs by name, for models of other things. */
  pictures?: Array<Picture | Record<string, Float32Array>>;
  /** The central part of each picture that is used; 1 unless given. */
  crop?: number;
  /** How ranges are chosen; 'auto' takes for each tensor the one with the least error. */
  calibration?: 'auto' | 'minmax' | 'percentile' | 'mse';
  /** Scales moved between neighbouring layers; true unless given. */
  equalise?: boolean;
  /** What has to hold: share of pictures with the same best class (0.985), or mean PSNR of pictures in dB (30). */
  budget?: { agreement?: number; psnr?: number };
  /** How many of the pictures it is measured on: 256, or 8 where the model paints. */
  judge?: number;
  /** Pictures on which each layer is tried alone: 0 when the budget holds at once, else 16, or 2 where the model paints. */
  sensitivity?: number;
  /** The largest share of the multiply-accumulates, and of the weights, that may become float again: 0.25. */
  mostFloat?: number;
  /** Ends of the model stay float32 instead of uint8 (the bytes of paintings are those of the picture); scores always do. */
  floatInputs?: boolean;
  floatOutputs?: boolean;
  onProgress?: (progress: { stage: 'read' | 'equalise' | 'calibrate' | 'float' | 'int8' | 'sensitivity' | 'fall back' | 'download'; loaded: number; total?: number }) => void;
}

export interface LayerReport {
  op: string;
  name: string;
  macs: number;
  weights: number;
  /** Kept in float so that the budget holds. */
  float: boolean;
  /** In 8 bits but for its result, which is float32, as norms want it; so that the budget holds, too. */
  widened?: boolean;
  /** Signal to noise, in dB, of the model's output with this layer alone quantised. */
  sqnr?: number;
}

export interface QuantizeReport extends ConvertReport {
  /** int8 only, from here on. */
  pictures?: number;
  /** How many of them agreement or PSNR are of. */
  judged?: number;
  /** Layers whose channels were equalised. */
  equalised?: number;
  /** With every layer quantised. */
  before?: { agreement?: number; expectedAgreement?: number; psnr?: number; worstPsnr?: number; sqnr: number };
  /** Of the written file, against the float model. */
  agreement?: number;
  /** What pictures that were not seen should agree in, from how near to each other the best two classes come. */
  expectedAgreement?: number;
  psnr?: number;
  /** Of the picture that came out worst. */
  worstPsnr?: number;
  sqnr?: number;
  budgetHolds?: boolean;
  /** Mean time of a run on this machine, pictures prepared included. */
  milliseconds?: { float: number; int8: number };
  layers?: LayerReport[];
  activations?: Array<{ name: string; seen: [number, number]; chosen: [number, number]; rule: 'minmax' | 'percentile' | 'mse' }>;
}

/** A float model, made small and fast. Other runtimes run the file too. */
export function quantize(source: ModelSource, options?: QuantizeOptions): Promise<{ bytes: Uint8Array; report: QuantizeReport }>;
