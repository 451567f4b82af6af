// Masks: Uint8Array, row by row, 1 = building.

// Draws run lengths, the text that Kaggle reads: pixels counted from 1, down the columns or along the rows.
function drawRuns(text, { height, width, order }) {
  const mask = new Uint8Array(height * width);
  const numbers = text.split(" ").filter(Boolean).map(Number);
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    const first = numbers[at] - 1, behind = first + numbers[at + 1];
    if (order === "rows") mask.fill(1, first, behind);
    else for (let pixel = first; pixel < behind; pixel += 1) mask[(pixel % height) * width + Math.floor(pixel / height)] = 1;
  }
  return mask;
}

function isEmpty(mask) {
  return !mask.includes(1);
}

// 1 on the rim of each building, 2 on the background beside it, else 0. The border of the tile is no rim.
function findRims(mask, { height, width }) {
  const rims = new Uint8Array(mask.length);
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      const own = mask[at];
      const differs = (column > 0 && mask[at - 1] !== own) || (column + 1 < width && mask[at + 1] !== own)
        || (row > 0 && mask[at - width] !== own) || (row + 1 < height && mask[at + width] !== own);
      if (differs) rims[at] = own ? 1 : 2;
    }
  }
  return rims;
}
