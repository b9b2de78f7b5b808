/** Rows and columns in memory are multiples of 4 floats, the width of a vector register; the padding stays zero. */
export const pad4 = (n: number): number => (n + 3) & ~3;

/** A matrix in the kernels' memory: `rows` rows of `cols` floats, `stride` floats apart. Sizes are padded. */
export interface Block {
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
  /** Index of the first float; known once the plan is sealed. */
  readonly offset: number;
}

/** A block of parameters: `parts` matrices of the same size, one below another, each padded separately. */
export interface Parameter extends Block {
  readonly name: string;
  readonly parts: number;
  /** Rows and columns of one part, without padding. */
  readonly partRows: number;
  readonly partCols: number;
  /** Floats from one part to the next. */
  readonly partStride: number;
}

class Region {
  base = Number.NaN;
  length = 0;
}

class PlannedBlock implements Block {
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
  readonly region: Region;
  readonly start: number;

  constructor(region: Region, start: number, rows: number, cols: number, stride: number) {
    this.region = region;
    this.start = start;
    this.rows = rows;
    this.cols = cols;
    this.stride = stride;
  }

  get offset(): number {
    return this.region.base + this.start;
  }
}

/**
 * Lays out everything that one agent stores, in one block of floats. The block is allocated afterwards, because WebAssembly memory
 * that grows detaches every view on it. Parameters come first, then Adam's first and second moments, then the window's buffers.
 */
export class MemoryPlan {
  /** Longest window, in steps. Buffers have one more row, for the state after the last step. */
  readonly steps: number;
  readonly parameters: Parameter[] = [];
  private readonly parameterRegion = new Region();
  private readonly bufferRegion = new Region();

  constructor(steps: number) {
    this.steps = steps;
  }

  /** Number of floats of all parameters, including padding. The moments lie this far apart. */
  get parameterLength(): number {
    return this.parameterRegion.length;
  }

  /** Weights: `parts` matrices of `rows` x `cols`. */
  weights(name: string, parts: number, rows: number, cols: number): Parameter {
    return this.parameter(name, parts, rows, cols, pad4(rows));
  }

  /** Biases: `parts` vectors of `cols`. */
  biases(name: string, parts: number, cols: number): Parameter {
    return this.parameter(name, parts, 1, cols, 1);
  }

  /** A buffer with a row for each step and one for what follows the last step. */
  perStep(cols: number): Block {
    return this.buffer(this.steps + 1, cols);
  }

  buffer(rows: number, cols: number): Block {
    return this.reserve(this.bufferRegion, rows, pad4(cols));
  }

  /** The part of a block that starts at row `row` and column `col` and is `cols` floats wide. */
  view(of: Block, row: number, col: number, cols: number): Block {
    if (!(of instanceof PlannedBlock)) throw new TypeError("a view is of a block that this plan made");
    return new PlannedBlock(of.region, of.start + row * of.stride + col, of.rows - row, pad4(cols), of.stride);
  }

  /** Fixes every offset. Returns the number of floats needed. */
  seal(): number {
    this.parameterRegion.base = 0;
    this.bufferRegion.base = 3 * this.parameterRegion.length;
    return this.bufferRegion.base + this.bufferRegion.length;
  }

  private parameter(name: string, parts: number, partRows: number, partCols: number, paddedRows: number): Parameter {
    const block = this.reserve(this.parameterRegion, parts * paddedRows, pad4(partCols));
    const parameter = Object.assign(block, { name, parts, partRows, partCols, partStride: paddedRows * block.cols });
    this.parameters.push(parameter);
    return parameter;
  }

  private reserve(region: Region, rows: number, cols: number): PlannedBlock {
    const block = new PlannedBlock(region, region.length, rows, cols, cols);
    region.length += rows * cols;
    return block;
  }
}

/** Visits the rows of all parts in order, without padding: the offset of the first float, and that after the last. */
export function eachRow(parameter: Parameter, visit: (from: number, to: number) => void): void {
  const { offset, cols, parts, partRows, partCols, partStride } = parameter;
  for (let part = 0; part < parts; part++) {
    for (let row = 0; row < partRows; row++) {
      const from = offset + part * partStride + row * cols;
      visit(from, from + partCols);
    }
  }
}
