// Twin of worldmodels/nn/columns.py: windows over a row of columns.

// Copy each column of x (P, C) with its neighbours, a window of `kernel` columns, into a row of
// `to`, from `start` on; rows are `rowSize` long. Beyond the edges are zeros, which `to` has.
export function fillWindows(x, columns, kernel, to, rowSize, start = 0) {
  const size = x.length / columns;
  const half = (kernel - 1) / 2;
  for (let column = 0; column < columns; column++) {
    const [first, last] = [Math.max(0, column - half), Math.min(columns, column + half + 1)];
    const at = column * rowSize + start + (first - column + half) * size;
    to.set(x.subarray(first * size, last * size), at);
  }
}
