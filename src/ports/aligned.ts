/** Memory that begins at a page's start, as direct reading and writing ask: WebAssembly's is the only kind that promises it. */

interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
interface Wasm {
  readonly Memory: new (size: { initial: number }) => WasmMemory;
}

const WASM_PAGE_BYTES = 65_536;

/** At least `bytes` of zeros, page-aligned. */
export function alignedBuffer(bytes: number): Buffer {
  const { Memory } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
  return Buffer.from(new Memory({ initial: Math.ceil(bytes / WASM_PAGE_BYTES) }).buffer);
}
