/**
 * The pixel work of augmentations, on one channels-first picture, in place. No randomness and no Node imports here.
 *
 * What comes from outside the picture is zero (black): the same convention as zero padding in a convolution.
 */

export type Pixels = Uint8Array | Float32Array;

/** One picture `[channels, height, width]` and scratch memory of the same length. */
export interface Plane {
  readonly pixels: Pixels;
  readonly scratch: Pixels;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Moves the picture so that pixel (x + dx, y + dy) lands on (x, y): a crop out of the zero-padded picture. */
export function cropShifted({ pixels, scratch, channels, height, width }: Plane, dx: number, dy: number): void {
  if (dx === 0 && dy === 0) return;
  scratch.set(pixels);
  pixels.fill(0);
  const [from, to] = [Math.max(0, dx), Math.min(width, width + dx)];
  // Plain loops: a row is too short for subarray() and set() to pay.
  for (let row = 0; row < channels * height; row++) {
    const y = (row % height) + dy;
    if (y < 0 || y >= height) continue;
    const source = (row + dy) * width;
    const target = row * width - dx;
    for (let x = from; x < to; x++) pixels[target + x] = scratch[source + x]!;
  }
}

/** Mirrors left and right. */
export function flipRows({ pixels, channels, height, width }: Plane): void {
  for (let row = 0; row < channels * height; row++) {
    for (let left = row * width, right = left + width - 1; left < right; left++, right--) {
      const held = pixels[left]!;
      pixels[left] = pixels[right]!;
      pixels[right] = held;
    }
  }
}

/** Sets a square of side `size` centred on (x, y) to zero; it may hang over the border. */
export function cutSquare({ pixels, channels, height, width }: Plane, x: number, y: number, size: number): void {
  const left = Math.max(0, x - (size >> 1));
  const right = Math.min(width, x - (size >> 1) + size);
  const top = Math.max(0, y - (size >> 1));
  const bottom = Math.min(height, y - (size >> 1) + size);
  for (let c = 0; c < channels; c++) {
    for (let row = c * height + top; row < c * height + bottom; row++) {
      pixels.fill(0, row * width + left, row * width + right);
    }
  }
}

/** Angles in degrees, shifts in pixels; positive rotation is counter-clockwise on the page. */
export interface Affine {
  readonly rotate: number;
  readonly shear: number;
  readonly scale: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

/**
 * Warps about the centre with bilinear interpolation.
 * Forward map: scale, then horizontal shear, then rotation, then shift; each output pixel looks up its source.
 */
export function warpAffine({ pixels, scratch, channels, height, width }: Plane, affine: Affine): void {
  const radians = (affine.rotate * Math.PI) / 180;
  const [cos, sin, shear] = [Math.cos(radians), Math.sin(radians), Math.tan((affine.shear * Math.PI) / 180)];
  // Inverse of the forward map: undo shift, rotation, shear, scale (y points down, hence the signs of sin).
  const a = (cos - shear * sin) / affine.scale;
  const b = (-sin - shear * cos) / affine.scale;
  const c = sin / affine.scale;
  const d = cos / affine.scale;
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  scratch.set(pixels);
  const round = pixels instanceof Uint8Array ? 0.5 : 0;
  const area = width * height;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const px = x - cx - affine.shiftX;
      const py = y - cy - affine.shiftY;
      const sx = a * px + b * py + cx;
      const sy = c * px + d * py + cy;
      const x0 = Math.floor(sx);
      const y0 = Math.floor(sy);
      const fx = sx - x0;
      const fy = sy - y0;
      const inLeft = x0 >= 0 && x0 < width;
      const inRight = x0 >= -1 && x0 < width - 1;
      const inTop = y0 >= 0 && y0 < height;
      const inBottom = y0 >= -1 && y0 < height - 1;
      const from = y0 * width + x0;
      for (let channel = 0; channel < channels; channel++) {
        const at = channel * area + from;
        let value = 0;
        if (inTop && inLeft) value += (1 - fx) * (1 - fy) * scratch[at]!;
        if (inTop && inRight) value += fx * (1 - fy) * scratch[at + 1]!;
        if (inBottom && inLeft) value += (1 - fx) * fy * scratch[at + width]!;
        if (inBottom && inRight) value += fx * fy * scratch[at + width + 1]!;
        pixels[channel * area + y * width + x] = value + round;
      }
    }
  }
}
